"""What the machines of the other tests promise: to be real, and to leave nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from running import has_ended
from systemd.machine import CommandFailed, booted

BOOT_AND_WAIT = """
import sys
from pathlib import Path
from systemd.machine import booted

with booted(Path(sys.argv[1])) as machine:
    print(machine.pid, flush=True)
    sys.stdin.read()
"""


def test_a_machine_has_systemd_as_its_first_process_and_no_failed_unit(root: Path) -> None:
    with booted(root) as machine:
        first = machine.run("cat", "/proc/1/comm")
        failed = machine.run("systemctl", "--failed", "--plain", "--no-legend")
        with pytest.raises(CommandFailed, match="ended with 1"):
            machine.run("false")

    assert (first, failed) == ("systemd\n", "")
    assert has_ended(machine.pid)


def test_a_machine_keeps_its_files_from_one_boot_to_the_next(root: Path) -> None:
    with booted(root) as machine:
        machine.run("touch", "/etc/kept", "/run/forgotten")
        machine.shut_down()
    with booted(root) as machine:
        found = machine.attempt("ls", "/etc/kept", "/run/forgotten")

    assert found.stdout == "/etc/kept\n"
    assert not any((root / "usr").iterdir())


def test_a_machine_ends_with_the_process_that_booted_it(root: Path) -> None:
    program = [sys.executable, "-c", BOOT_AND_WAIT, str(root)]
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": tests, "PATH": "/usr/sbin:/usr/bin"},
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)

    assert has_ended(pid)
