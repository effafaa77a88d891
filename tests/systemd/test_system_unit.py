"""darkroomd as a service of the system, under a real systemd and in its whole sandbox."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from darkroom.client.blocking import Client
from darkroom.protocol.types import Photo
from make import make_dng
from systemd.journal import following
from systemd.machine import COMMAND_SECONDS, Machine, booted
from systemd.service import (
    LISTENER,
    SERVICE,
    SESSIONS,
    SOCKET,
    adjust,
    commands_in,
    configure,
    hand_over,
    install,
    make_session,
    obey,
)

SHORT = (96, 64)
LONG = (2400, 1600)
"""Pixels of a photo that is still being developed when something is done to the daemon."""

HASTY = """
[Service]
WatchdogSec=4
TimeoutAbortSec=1
RestartSec=0
"""
UNIT_FILES = [f"/etc/systemd/system/{unit}" for unit in (SERVICE, LISTENER)]
MOST_EXPOSED = 20
"""Tenths of the figure that systemd works out, of 100."""

ENTER = f'exec nsenter --mount --target "$(systemctl show --property MainPID --value {SERVICE})" "$@"'
IN_THE_SANDBOX = ("sh", "-c", ENTER, "sh")
"""What to put before a command that is to see the files that the service sees."""

IMPATIENT = """
[Unit]
StartLimitBurst=2
"""
START_OF_IMAGE = b"\xff\xd8"
DAEMON_AWAY = 3
WELL = {"Result": "success", "ExecMainStatus": "0"}

LEFT_OVER = {".part", ".tmp", ".bak"}


@contextmanager
def serving(root: Path, *, adjusted: str = "", config: str = "") -> Iterator[Machine]:
    """Boot a machine with a session, and the service installed and enabled in it."""
    make_session(root, "Party")
    configure(root, config)
    adjust(root, adjusted)
    with booted(root) as machine:
        make_user, enable = install(machine, "--root", SESSIONS)
        obey(machine, [make_user])
        hand_over(machine, SESSIONS)
        obey(machine, [enable])
        yield machine


def client(machine: Machine) -> Client:
    return Client(machine.outside(SOCKET), timeout=COMMAND_SECONDS)


def upload(root: Path, name: str, *, size: tuple[int, int] = SHORT) -> None:
    """Put a photo into the session, as somebody else than the service."""
    (root / SESSIONS.lstrip("/") / "Party" / "Raw" / name).write_bytes(photo_of(size))


@cache
def photo_of(size: tuple[int, int]) -> bytes:
    """Return a RAW file of so many pixels; large ones take longer to make than to develop."""
    with TemporaryDirectory() as folder:
        return make_dng(Path(folder) / "photo.dng", width=size[0], height=size[1]).read_bytes()


def developed(machine: Machine, name: str) -> Photo:
    """Wait until a photo of the session is developed, whichever daemon does it."""
    path = f"{SESSIONS}/Party/Raw/{name}"
    with client(machine) as asking:
        return asking.wait_until_developed(path, timeout_usec=60_000_000)


def jpg(root: Path, name: str) -> bytes:
    return (root / SESSIONS.lstrip("/") / "Party" / "Jpg" / name).read_bytes()


def left_over(root: Path) -> list[Path]:
    tops = (root / SESSIONS.lstrip("/"), root / "var" / "lib" / "darkroomd")
    return [path for top in tops for path in top.rglob("*") if path.suffix in LEFT_OVER]


def test_a_service_that_was_installed_is_ready_once_started_and_develops_in_its_sandbox(root: Path) -> None:
    with serving(root) as machine:
        at_first = machine.show(SERVICE, "Type", "ActiveState", "SubState", "StatusText", "User")
        upload(root, "a.dng")

        photo = developed(machine, "a.dng")
        health = machine.attempt("darkroom", "doctor")

    assert at_first["ActiveState"] == "active"
    assert at_first["Type"].startswith("notify")
    assert at_first["StatusText"]
    assert photo.state == "developed"
    assert jpg(root, "a.jpg").startswith(START_OF_IMAGE)
    assert health.returncode == 0, health


def test_a_session_in_somebody_s_home_is_let_in_once_the_group_may_write_there(root: Path) -> None:
    pictures = root / "home" / "booth" / "Pictures"
    (pictures / "Party" / "Raw").mkdir(parents=True)
    with booted(root) as machine:
        commands = install(machine, "--root", "/home/booth/Pictures")
        obey(machine, commands[:1])
        machine.run("chgrp", "--recursive", "darkroomd", "/home/booth/Pictures")
        machine.run("chmod", "--recursive", "g+rwXs", "/home/booth/Pictures")
        obey(machine, commands[1:])
        with following(machine) as journal:
            journal.wait_for("session_found")
            make_dng(pictures / "Party" / "Raw" / "a.dng")
            journal.wait_for("item_developed")

        others = machine.run(*IN_THE_SANDBOX, "ls", "-A", "/home", "/home/booth", "/root")

    assert (pictures / "Party" / "Jpg" / "a.jpg").exists()
    assert others.split() == ["/home:", "booth", "/home/booth:", "Pictures", "/root:"]


def test_the_status_line_follows_the_queue(root: Path) -> None:
    with serving(root) as machine:
        idle = machine.show(SERVICE, "StatusText")["StatusText"]
        with client(machine) as asking:
            asking.pause_queue(reason="the card is read")

        paused = machine.wait_until(SERVICE, "StatusText", lambda text: text != idle)

    assert "the card is read" in paused


def test_a_call_at_the_socket_starts_the_service_and_again_after_it_was_stopped(root: Path) -> None:
    make_session(root, "Party")
    with booted(root) as machine:
        make_user, _ = install(machine, "--root", SESSIONS)
        obey(machine, [make_user])
        hand_over(machine, SESSIONS)
        machine.run("systemctl", "enable", "--now", LISTENER)
        before = machine.show(SERVICE, "ActiveState")["ActiveState"]
        node = machine.outside(SOCKET).stat().st_ino

        machine.run("darkroom", "status")
        running = machine.wait_until(SERVICE, "ActiveState", lambda state: state != "activating")
        with following(machine) as journal:
            journal.wait_for("session_found")
        machine.run("systemctl", "stop", SERVICE)
        stopped = machine.show(SERVICE, "ActiveState")["ActiveState"]
        ended = machine.show(SERVICE, "Result", "ExecMainStatus")
        again = machine.run("darkroom", "status")

        assert machine.outside(SOCKET).stat().st_ino == node

    assert before == "inactive"
    assert running == "active"
    assert (stopped, ended) == ("inactive", WELL)
    assert "Party" in again


def test_a_daemon_that_hangs_in_mid_photo_is_ended_by_the_watchdog_and_the_next_one_loses_nothing(
    root: Path,
) -> None:
    # The photo in hand when the news of the first one is here: one alone would be done by then.
    names = [f"{number}.dng" for number in range(40)]
    with serving(root, adjusted=HASTY) as machine, following(machine) as journal:
        journal.wait_for("session_found")
        first = machine.show(SERVICE, "MainPID")["MainPID"]
        daemon = machine.pid_outside(int(first))
        for name in names:
            upload(root, name, size=LONG)
        journal.wait_for("item_started")
        os.kill(daemon, signal.SIGSTOP)

        journal.wait_for("item_recovered")
        photos = [developed(machine, name) for name in names]
        second = machine.show(SERVICE, "MainPID")["MainPID"]
        upload(root, "undisturbed.dng", size=LONG)
        developed(machine, "undisturbed.dng")
        told = machine.run("journalctl", "--unit", SERVICE, "--no-pager")

    assert "Watchdog timeout" in told
    assert second != first
    assert {photo.state for photo in photos} == {"developed"}
    assert {jpg(root, f"{Path(name).stem}.jpg") for name in names} == {jpg(root, "undisturbed.jpg")}
    assert left_over(root) == []


def test_a_service_that_is_stopped_in_mid_photo_ends_well_and_goes_on_after_the_next_boot(root: Path) -> None:
    names = ("a.dng", "b.dng", "c.dng")
    with serving(root) as machine:
        with following(machine) as journal:
            journal.wait_for("session_found")
            for name in names:
                upload(root, name, size=LONG)
            journal.wait_for("item_started")
        machine.run("systemctl", "stop", SERVICE)
        ended = machine.show(SERVICE, "Result", "ExecMainStatus")
        machine.shut_down()
    with booted(root) as machine:
        photos = [developed(machine, name) for name in names]

    assert ended == WELL
    assert [photo.state for photo in photos] == ["developed"] * 3
    assert left_over(root) == []


def test_a_reload_applies_the_configuration_and_a_wrong_one_changes_nothing(root: Path) -> None:
    with serving(root) as machine, following(machine) as journal:
        pid = machine.show(SERVICE, "MainPID")["MainPID"]

        configure(root, "[intake]\nquiet_seconds = 0.1\n")
        machine.run("systemctl", "reload", SERVICE)
        changed = journal.wait_for("config_reloaded")["changed"]
        configure(root, "[intake]\nquiet_secs = 0.1\n")
        machine.attempt("systemctl", "reload", SERVICE)
        journal.wait_for("config_refused")
        after = machine.show(SERVICE, "ActiveState", "MainPID")

    assert changed == ["intake.quiet_seconds"]
    assert after == {"ActiveState": "active", "MainPID": pid}


def test_a_wrong_configuration_is_not_tried_for_ever_by_callers_and_a_right_one_is_taken(root: Path) -> None:
    with serving(root, adjusted=IMPATIENT) as machine:
        machine.run("systemctl", "stop", SERVICE)
        configure(root, "[intake]\nquiet_secs = 0.1\n")
        called = machine.attempt("darkroom", "status")
        listener = machine.wait_until(LISTENER, "ActiveState", lambda state: state == "failed")
        status = machine.attempt("systemctl", "status", "--lines=20", "--full", SERVICE).stdout

        configure(root, "")
        machine.run("systemctl", "reset-failed", SERVICE, LISTENER)
        machine.run("systemctl", "start", SERVICE)
        again = machine.run("darkroom", "status")

    assert called.returncode == DAEMON_AWAY
    assert listener == "failed"
    assert "/etc/darkroomd/config.toml:2: intake.quiet_secs" in status
    assert "Party" in again


def test_a_service_that_is_uninstalled_leaves_only_what_is_the_user_s(root: Path) -> None:
    with serving(root) as machine:
        upload(root, "a.dng")
        developed(machine, "a.dng")
        adjusted = root / "etc" / "systemd" / "system" / f"{SERVICE}.d" / "zz-adjusted.conf"

        obey(machine, commands_in(machine.run("darkroomd", "uninstall-service", "--system")))
        units = machine.attempt("systemctl", "list-unit-files", "darkroomd*").stdout
        left = [path for path in UNIT_FILES if (root / path.lstrip("/")).exists()]

    assert "0 unit files listed" in units
    assert left == []
    assert adjusted.exists()
    assert (root / "var" / "lib" / "darkroomd" / "queue.db").exists()
    assert jpg(root, "a.jpg").startswith(START_OF_IMAGE)


def test_systemd_has_nothing_to_say_about_the_units_and_calls_the_service_safe(root: Path) -> None:
    with booted(root) as machine:
        make_user, _ = install(machine, "--root", SESSIONS)
        obey(machine, [make_user])

        said = machine.attempt("systemd-analyze", "verify", *UNIT_FILES)
        judged = machine.attempt("systemd-analyze", "security", f"--threshold={MOST_EXPOSED}", SERVICE)

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert judged.returncode == 0, judged.stdout
