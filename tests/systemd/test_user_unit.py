"""darkroomd as a service of one user, under that user's own systemd."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from make import make_dng
from systemd.furnishing import BOOTH_UID
from systemd.journal import following
from systemd.machine import Machine, booted
from systemd.service import LISTENER, SERVICE, commands_in, install, obey

PICTURES = "/home/booth/Pictures"
UNITS = "home/booth/.config/systemd/user"
ACTIVE = {"ActiveState": "active", "SubState": "running"}


@contextmanager
def logged_in(root: Path) -> Iterator[Machine]:
    """Boot a machine with a session of the user, whose own systemd runs."""
    session = root / PICTURES.lstrip("/") / "Party"
    (session / "Raw").mkdir(parents=True)
    for folder in (session.parent, session, session / "Raw"):
        os.chown(folder, BOOTH_UID, BOOTH_UID)
    with booted(root) as machine:
        machine.run("systemctl", "start", f"user@{BOOTH_UID}.service")
        yield machine


def upload(root: Path, name: str) -> Path:
    """Let the user's camera write a photo; return where its JPEG will be."""
    raw = make_dng(root / PICTURES.lstrip("/") / "Party" / "Raw" / name)
    os.chown(raw, BOOTH_UID, BOOTH_UID)
    return raw.parents[1] / "Jpg" / f"{raw.stem}.jpg"


def test_a_user_s_service_is_ready_once_started_and_develops_what_is_in_the_home_folder(root: Path) -> None:
    with logged_in(root) as machine:
        obey(machine, install(machine, "--root", PICTURES, user=BOOTH_UID), user=BOOTH_UID)
        state = machine.show(SERVICE, "ActiveState", "SubState", user=BOOTH_UID)
        with following(machine, user=BOOTH_UID) as journal:
            journal.wait_for("session_found")
            jpg = upload(root, "a.dng")
            journal.wait_for("item_developed")
        health = machine.attempt("darkroom", "doctor", user=BOOTH_UID)
        machine.run("systemctl", "--user", "reload", SERVICE, user=BOOTH_UID)
        reloaded = machine.show(SERVICE, "ActiveState", "SubState", user=BOOTH_UID)

        machine.run("systemctl", "stop", f"user@{BOOTH_UID}.service")
        logged_out = machine.attempt("pgrep", "darkroomd")

    assert (state, reloaded) == (ACTIVE, ACTIVE)
    assert jpg.stat().st_uid == BOOTH_UID
    assert health.returncode == 0, health
    assert logged_out.stdout == ""


def test_a_user_s_call_starts_the_service_until_it_is_uninstalled(root: Path) -> None:
    with logged_in(root) as machine:
        reload, _ = install(machine, "--root", PICTURES, user=BOOTH_UID)
        obey(machine, [reload, f"systemctl --user enable --now {LISTENER}"], user=BOOTH_UID)
        before = machine.show(SERVICE, "ActiveState", user=BOOTH_UID)

        answer = machine.run("darkroom", "status", user=BOOTH_UID)
        after = machine.wait_until(
            SERVICE, "ActiveState", lambda state: state != "activating", user=BOOTH_UID
        )
        told = machine.run("darkroomd", "uninstall-service", "--user", user=BOOTH_UID)
        obey(machine, commands_in(told), user=BOOTH_UID)
        gone = machine.attempt("darkroom", "status", user=BOOTH_UID)

    assert before == {"ActiveState": "inactive"}
    assert "queue" in answer
    assert after == "active"
    assert gone.returncode == 3
    assert [path for path in (root / UNITS).rglob("*") if not path.is_dir()] == []
