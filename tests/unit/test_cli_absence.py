from __future__ import annotations

import errno

import pytest

from darkroom.cli.absence import Door, Lock, Unit, explained
from darkroom.cli.inquest import holder_of, job_from, unit_from
from darkroom.protocol.severity import Severity, severity_of

PATH = "/run/darkroomd/darkroomd.sock"
FREE = Lock(f"{PATH}.lock", None)
HELD = Lock(f"{PATH}.lock", 42)


def door(refusal: int) -> Door:
    return Door(PATH, stands=True, is_socket=True, owner="darkroomd", mode=0o600, refusal=refusal)


def unit(state: str, result: str = "success") -> Unit:
    return Unit(
        "darkroomd.service", "system", state, result, "systemctl start darkroomd", "journalctl -u darkroomd"
    )


@pytest.mark.parametrize(
    ("what", "locks", "words"),
    [
        pytest.param(Door(PATH, stands=False), (), "Start it with", id="nothing-there"),
        pytest.param(Door(PATH, stands=False), (HELD,), "was removed", id="removed"),
        pytest.param(
            Door(PATH, stands=False),
            (Lock("/s/darkroomd.lock", 42),),
            "listens elsewhere",
            id="another-socket",
        ),
        pytest.param(Door(PATH, stands=True), (), "is no socket", id="a-file"),
        pytest.param(door(0), (HELD,), "does not answer", id="hangs"),
        pytest.param(door(errno.EACCES), (), "is for darkroomd (mode 0600)", id="forbidden"),
        pytest.param(door(errno.ECONNREFUSED), (FREE,), "was killed has left it", id="left-over"),
        pytest.param(door(errno.EPROTOTYPE), (), "Protocol wrong type", id="something-else"),
    ],
)
def test_what_stands_at_the_path_says_why_nobody_answers(
    what: Door, locks: tuple[Lock, ...], words: str
) -> None:
    check = explained(what, locks, ())[0]

    assert (check.name, check.ok) == ("socket", False)
    assert words in check.message


@pytest.mark.parametrize(
    ("units", "words"),
    [
        pytest.param((), "Start it with `darkroomd --root FOLDER`", id="by-hand"),
        pytest.param((unit("inactive"),), "Start it with `systemctl start darkroomd`.", id="service"),
    ],
)
def test_the_daemon_is_started_as_it_is_run_here(units: tuple[Unit, ...], words: str) -> None:
    check = explained(Door(PATH, stands=False), (), units)[0]

    assert words in check.message


@pytest.mark.parametrize(
    ("locks", "ok", "words"),
    [
        pytest.param((), False, "none has ever run", id="no-lock"),
        pytest.param((FREE,), False, "though one did", id="free"),
        pytest.param((FREE, HELD), True, "Process 42 holds", id="held"),
    ],
)
def test_a_lock_says_whether_a_daemon_runs(locks: tuple[Lock, ...], *, ok: bool, words: str) -> None:
    check = explained(door(0), locks, ())[1]

    assert (check.name, check.ok) == ("process", ok)
    assert words in check.message


@pytest.mark.parametrize(
    ("units", "severity", "words"),
    [
        pytest.param((), Severity.WARNING, "darkroomd install-service", id="none"),
        pytest.param((unit("active"),), Severity.OK, "(system) is active.", id="runs"),
        pytest.param(
            (unit("inactive"),), Severity.BAD, "Start it: `systemctl start darkroomd`.", id="stopped"
        ),
        pytest.param((unit("failed", "oom-kill"),), Severity.BAD, "is failed (oom-kill).", id="failed"),
    ],
)
def test_the_service_manager_is_heard(units: tuple[Unit, ...], severity: Severity, words: str) -> None:
    check = explained(door(0), (), units)[2]

    assert severity_of(ok=check.ok, message=check.message) is severity
    assert words in check.message


LOCKS = """\
1: POSIX  ADVISORY  WRITE 11 08:02:77 0 EOF
2: FLOCK  ADVISORY  WRITE 12 08:02:77 0 EOF
2: -> FLOCK  ADVISORY  WRITE 13 08:02:78 0 EOF
nonsense
"""


@pytest.mark.parametrize(
    ("inode", "pid"),
    [
        pytest.param(77, 12, id="held"),
        pytest.param(78, None, id="only-waited-for"),
        pytest.param(7, None, id="of-a-number-that-ends-alike"),
    ],
)
def test_the_kernel_s_table_says_who_holds_a_lock(inode: int, pid: int | None) -> None:
    assert holder_of(inode, LOCKS.splitlines()) == pid


@pytest.mark.parametrize(
    ("said", "state", "result"),
    [
        pytest.param(
            "LoadState=loaded\nActiveState=active\nResult=success\n", "active", "success", id="runs"
        ),
        pytest.param(
            "LoadState=loaded\nActiveState=failed\nResult=oom-kill\n", "failed", "oom-kill", id="killed"
        ),
        pytest.param("LoadState=masked\n", "unknown", "", id="masked"),
    ],
)
def test_systemd_s_words_are_understood(said: str, state: str, result: str) -> None:
    unit = unit_from(said, whose="user")

    assert unit is not None
    assert (unit.state, unit.result) == (state, result)
    assert unit.start == "systemctl --user start darkroomd"
    assert unit.log == "journalctl --user -u darkroomd -n 50"


JOB = """\
system/io.darkroomd.daemon = {
\tactive count = 0
\tstate = STATE
\tlast exit code = STATUS
\tsockets = {
\t\tstate = active
\t}
}
"""


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        pytest.param("running", "0", ("running", ""), id="runs"),
        pytest.param("not running", "0", ("not running", ""), id="stopped"),
        pytest.param("not running", "(never exited)", ("not running", ""), id="never-started"),
        pytest.param("not running", "2: ENOENT", ("failed", "exit status 2: ENOENT"), id="failed"),
    ],
)
def test_launchd_s_words_are_understood(state: str, status: str, expected: tuple[str, str]) -> None:
    said = JOB.replace("STATE", state).replace("STATUS", status)

    unit = job_from(said, "system/io.darkroomd.daemon", whose="system")

    assert unit is not None
    assert (unit.state, unit.result) == expected
    assert unit.name == "io.darkroomd.daemon"


def test_a_service_that_is_not_installed_is_none() -> None:
    assert unit_from("LoadState=not-found\nActiveState=inactive\n", whose="system") is None
    assert unit_from("", whose="system") is None
    assert job_from("", "system/io.darkroomd.daemon", whose="system") is None
