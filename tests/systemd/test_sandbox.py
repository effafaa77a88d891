"""What the service can do in its sandbox, and what it cannot."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from make import make_dng
from systemd.furnishing import BOOTH_UID
from systemd.journal import following
from systemd.machine import Machine, booted
from systemd.service import SERVICE, SESSIONS, commands_in, configure, install, make_session, obey

CONFIGURATION = """
[socket]
group = "darkroomd"
group_role = "operator"
[intake]
patient_seconds = 60
"""
"""Nobody who is not told at once whether a file is complete waits as long as these tests do."""

FOLDERS = {
    "a space, 100% $HOME": "/srv/a space, 100% $HOME",
    "a:colon": "/srv/a:colon",
    "quotes": '/srv/"o\'brien"\\',
    "in a home": "/home/booth/Party",
    "among temporary files": "/tmp/Party",
}
"""Sessions in places that are hard to name, or hidden from other services."""

LOOK = {"clarity": 30, "dehaze": 20, "sharpness": 20, "colorNoiseReduction": 20, "rotation": 2}
"""What OpenCV is needed for."""

CAP_LEASE = 1 << 28

AT_HOME = "/home/booth/o'tool"
"""Where a program may be installed that not even its user expects to be started by the system."""


@pytest.fixture
def folder(root: Path) -> Path:
    configure(root, CONFIGURATION)
    return make_session(root, "Party")


def serve(machine: Machine, *options: str) -> None:
    user, start = install(machine, "--root", SESSIONS, *options)
    obey(
        machine,
        [user, f"chgrp --recursive darkroomd {SESSIONS}", f"chmod --recursive g+rwX {SESSIONS}", start],
    )


def install_at_home(machine: Machine) -> None:
    """Install the program a second time, where services of the system see nothing."""
    machine.run("cp", "--archive", "/opt/darkroomd", AT_HOME)
    for name in ("darkroomd", "darkroom"):
        script = machine.root / AT_HOME.lstrip("/") / "bin" / name
        script.write_text(script.read_text().replace("#!/opt/darkroomd/", f"#!{AT_HOME}/"))


def facts_of(machine: Machine, pid: int) -> dict[str, str]:
    lines = machine.run("cat", f"/proc/{pid}/status").splitlines()
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


def test_a_photo_of_another_user_is_known_to_be_complete_at_once_and_is_developed_by_a_worker_that_steps_back(
    root: Path, folder: Path
) -> None:
    with booted(root) as machine:
        serve(machine)
        with following(machine) as journal:
            journal.wait_for("session_found")
            raw = folder / "Raw" / "a.dng"
            raw.with_name("a.dng.rrdata").write_text(
                json.dumps({"version": 1, "rating": 0, "adjustments": LOOK})
            )
            make_dng(raw)
            os.chown(raw, BOOTH_UID, BOOTH_UID)
            journal.wait_for("photo_settled")
            worker = journal.wait_for("part_written")["worker"]
            journal.wait_for("item_developed")
            refused = [line for line in journal.lines if line["event"] == "measure_refused"]
        facts = facts_of(machine, worker)
        priority = machine.run("ps", "--no-headers", "--format", "cls,nice", "--pid", str(worker)).split()
        disk = machine.run("ionice", "--pid", str(worker)).strip()

    mode = stat.S_IMODE((folder / "Jpg" / "a.jpg").stat().st_mode)
    assert refused == []
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert int(facts["CapEff"], 16) == CAP_LEASE
    assert (priority, disk) == (["B", "19"], "idle")
    assert mode == 0o660


@pytest.mark.usefixtures("folder")
def test_folders_and_a_program_with_any_name_in_any_place_are_let_in(root: Path) -> None:
    options = [word for path in FOLDERS.values() for word in ("--session", path)]
    with booted(root) as machine:
        install_at_home(machine)
        told = machine.run(f"{AT_HOME}/bin/darkroomd", "install-service", "--system", *options)
        user, start = commands_in(told)
        obey(machine, [user])
        for path in FOLDERS.values():
            machine.run("mkdir", "--parents", f"{path}/Raw")
            machine.run("chown", "--recursive", "darkroomd:", path)
        obey(machine, [start])
        with following(machine) as journal:
            journal.wait_for_all("session_found", len(FOLDERS))
            for path in FOLDERS.values():
                make_dng(machine.outside(path) / "Raw" / "a.dng")
            journal.wait_for_all("item_developed", len(FOLDERS))
        found = [(machine.outside(path) / "Jpg" / "a.jpg").is_file() for path in FOLDERS.values()]
        machine.run("systemctl", "reload", SERVICE)
        health = machine.attempt("darkroom", "doctor")
        command = machine.run(
            "ps", "--no-headers", "--format", "args", "--pid", machine.show(SERVICE, "MainPID")["MainPID"]
        )

    assert found == [True] * len(FOLDERS)
    assert health.returncode == 0, health.stdout
    assert command.startswith(f"{AT_HOME}/bin/")


@pytest.mark.usefixtures("folder")
def test_members_of_the_group_steer_and_everybody_else_is_turned_away(root: Path) -> None:
    with booted(root) as machine:
        serve(machine)
        machine.run("usermod", "--append", "--groups", "darkroomd", "booth")
        as_user = ["setpriv", f"--reuid={BOOTH_UID}", f"--regid={BOOTH_UID}"]

        member = machine.attempt(*as_user, "--init-groups", "--", "darkroom", "pause")
        stranger = machine.attempt(*as_user, "--clear-groups", "--", "darkroom", "status")

    assert member.returncode == 0, member.stderr
    assert stranger.returncode == 4, stranger.stderr


@pytest.mark.usefixtures("folder")
def test_what_was_not_let_in_stays_as_it_is_and_the_health_report_says_how_to_let_it_in(root: Path) -> None:
    with booted(root) as machine:
        serve(machine, "--writable", "/srv/archive")
        machine.run("mkdir", "--parents", "/srv/other/Raw")
        machine.run("chown", "--recursive", "darkroomd:", "/srv/other")
        machine.run("darkroom", "session", "add", "/srv/other")

        health = machine.attempt("darkroom", "doctor")
        unit = machine.show(SERVICE, "ReadWritePaths", "NRestarts")
        jpg = machine.attempt("test", "-e", "/srv/other/Jpg")

    assert health.returncode == 1
    assert "ReadWritePaths=" in health.stdout
    assert unit == {"ReadWritePaths": f"-{SESSIONS} -/srv/archive", "NRestarts": "0"}
    assert jpg.returncode == 1


def test_a_user_s_keys_are_out_of_sight_where_users_may_have_namespaces(root: Path) -> None:
    home = root / "home" / "booth"
    drop_in = home / ".config" / "systemd" / "user" / f"{SERVICE}.d" / "namespaces.conf"
    for folder in (drop_in.parent, home / ".ssh", home / "Party" / "Raw"):
        folder.mkdir(parents=True)
    drop_in.write_text("[Service]\nPrivateUsers=yes\n")
    (home / ".ssh" / "key").write_text("secret")
    (home / ".profile").touch()
    with booted(root) as machine:
        machine.run("chown", "--recursive", "booth:", "/home/booth")
        machine.run("systemctl", "start", f"user@{BOOTH_UID}.service")

        commands = install(machine, "--session", "/home/booth/Party", user=BOOTH_UID)
        obey(machine, commands, user=BOOTH_UID)
        with following(machine, user=BOOTH_UID) as journal:
            journal.wait_for("session_found")
            os.chown(make_dng(home / "Party" / "Raw" / "a.dng"), BOOTH_UID, BOOTH_UID)
            journal.wait_for("item_developed")
        pid = machine.show(SERVICE, "MainPID", user=BOOTH_UID)["MainPID"]
        seen = machine.outside(f"/proc/{pid}/root")
        keys = list((seen / "home" / "booth" / ".ssh").iterdir())
        read_only = os.statvfs(seen / "home" / "booth" / ".profile").f_flag & os.ST_RDONLY

    assert keys == []
    assert read_only
    assert (home / "Party" / "Jpg" / "a.jpg").is_file()
