"""`darkroom inhibit`: real commands, real signals, and a daemon that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from darkroom.protocol.types import InhibitMode
from running import has_ended
from scripted import Peer, Script, ScriptedDaemon

COMMAND = (sys.executable, "-m", "darkroom.cli.main")
HELD = {"inhibitorId": 3}

SAYS_WHAT_IT_GETS = """
import os, signal, sys

def leave(number, frame):
    # Nothing buffered: it may come in the middle of another line.
    os.write(1, f"{signal.Signals(number).name}\\n".encode())
    sys.exit(9)

heard, told = os.pipe()
os.set_blocking(told, False)
signal.set_wakeup_fd(told)
for name in sys.argv[1:]:
    signal.signal(signal.Signals[name], leave)
os.write(1, b"ready\\n")
os.read(heard, 1)
"""
"""A program that ends upon the first of these signals, and says which it was."""

COUNTS_INTERRUPTS = """
import os, signal, sys

interrupts = 0

def count(number, frame):
    global interrupts
    interrupts += 1
    # What our parent passes on comes in the order of the numbers: before this, a second interrupt.
    os.kill(os.getppid(), signal.SIGTERM)

def leave(number, frame):
    os.write(1, f"interrupts={interrupts}\\n".encode())
    sys.exit()

heard, told = os.pipe()
os.set_blocking(told, False)
signal.set_wakeup_fd(told)
signal.signal(signal.SIGINT, count)
signal.signal(signal.SIGTERM, leave)
os.write(1, b"ready\\n")
while True:
    os.read(heard, 1)
"""


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def holding(asked: list[dict[str, Any]]) -> Script:
    """Return a script that keeps the inhibitor in force until it is released."""

    def script(peer: Peer) -> None:
        asked.append(peer.call()["parameters"])
        peer.reply(HELD, continues=True)
        peer.wait_for_the_end()

    return script


def inhibit(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "inhibit", "--socket", path, "--why", "camera is read", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@contextmanager
def inhibiting(path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, "inhibit", "--socket", path, "--why", "camera is read", *words],
        # A command that reads it ends with it, whatever becomes of a test.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def next_complaint(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline().strip()


@pytest.mark.parametrize(
    ("words", "status", "output"),
    [
        pytest.param(["--", "echo", "--json", "--"], 0, "--json --\n", id="done"),
        pytest.param(["--", "sh", "-c", "exit 7"], 7, "", id="failed"),
        pytest.param(["--", "sh", "-c", "kill -TERM $$"], 143, "", id="ended-by-a-signal"),
        pytest.param(["--json", "--", "echo", "hi"], 0, '{"inhibitorId":3}\nhi\n', id="for-programs"),
    ],
)
def test_the_exit_status_is_that_of_the_command(
    path: Path, words: list[str], status: int, output: str
) -> None:
    with ScriptedDaemon(path, [holding([])]):
        ended = inhibit(path, *words)

    assert (ended.returncode, ended.stdout, ended.stderr) == (status, output, "")


@pytest.mark.parametrize(
    ("program", "status"),
    [
        pytest.param("there-is-no-such-command", 127, id="not-there"),
        pytest.param("", 127, id="nameless"),
        pytest.param("/", 126, id="not-executable"),
    ],
)
def test_a_command_that_cannot_be_run_is_said_to_be_so(path: Path, program: str, status: int) -> None:
    with ScriptedDaemon(path, [holding([])]):
        ended = inhibit(path, "--", program)

    assert ended.returncode == status
    assert ended.stderr.startswith(f"darkroom: {program} cannot be run: ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], {"mode": InhibitMode.START, "who": "true"}, id="by-default"),
        pytest.param(["--all"], {"mode": InhibitMode.ALL, "who": "true"}, id="all"),
        pytest.param(["--who", "k\udcff\n"], {"mode": InhibitMode.START, "who": "k\\xff\\n"}, id="odd-name"),
    ],
)
def test_it_is_said_who_holds_work_back_and_why(
    path: Path, words: list[str], expected: dict[str, str]
) -> None:
    asked: list[dict[str, Any]] = []

    with ScriptedDaemon(path, [holding(asked)]):
        inhibit(path, *words, "--", "/bin/true")

    assert asked == [{**expected, "why": "camera is read"}]


def test_the_command_starts_only_once_work_is_held_back(path: Path) -> None:
    mark = path.with_name("mark")
    before = []

    def late(peer: Peer) -> None:
        peer.call()
        before.append(mark.exists())
        peer.reply(HELD, continues=True)
        peer.wait_for_the_end()
        before.append(mark.exists())

    with ScriptedDaemon(path, [late]):
        inhibit(path, "--", "touch", str(mark))

    assert before == [False, True]


def test_without_a_daemon_the_command_is_not_run(path: Path) -> None:
    ended = inhibit(path, "--", "echo", "hi")

    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("darkroom: The daemon cannot be reached")


def test_without_a_daemon_the_command_is_run_where_that_is_wanted(path: Path) -> None:
    ended = inhibit(path, "--anyway", "--", "sh", "-c", "echo hi; exit 7")

    assert (ended.returncode, ended.stdout) == (7, "hi\n")
    assert "The command is run anyway" in ended.stderr


def test_whoever_may_not_hold_work_back_is_told_so(path: Path) -> None:
    def refusing(peer: Peer) -> None:
        peer.call()
        peer.refuse("org.varlink.service.PermissionDenied", {})

    with ScriptedDaemon(path, [refusing]):
        ended = inhibit(path, "--", "echo", "hi")

    assert (ended.returncode, ended.stdout) == (4, "")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="int"),
        pytest.param(signal.SIGTERM, id="term"),
        pytest.param(signal.SIGHUP, id="hup"),
        pytest.param(signal.SIGQUIT, id="quit"),
    ],
)
def test_signals_are_passed_on_to_the_command(path: Path, number: signal.Signals) -> None:
    program = [sys.executable, "-c", SAYS_WHAT_IT_GETS, number.name]

    with ScriptedDaemon(path, [holding([])]), inhibiting(path, "--", *program) as process:
        first = next_line(process)
        process.send_signal(number)
        told, complaints = process.communicate(timeout=30)

    assert (first, told, complaints, process.returncode) == ("ready", f"{number.name}\n", "", 9)


def test_signals_are_as_usual_for_the_command(path: Path) -> None:
    program = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []), end='')"

    with ScriptedDaemon(path, [holding([])]):
        ended = inhibit(path, "--", sys.executable, "-c", program)

    assert ended.stdout == "set()"


def test_a_pipe_ends_the_command_as_it_does_without_us(path: Path) -> None:
    with ScriptedDaemon(path, [holding([])]):
        ended = inhibit(path, "--", "sh", "-c", "trap '' PIPE; trap - PIPE; kill -PIPE $$")

    assert ended.returncode == 128 + signal.SIGPIPE


def test_ctrl_c_on_a_terminal_reaches_the_command_once(path: Path) -> None:
    terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
    words = [*COMMAND, "inhibit", "--socket", str(path), "--why", "x", "--"]

    with (
        ScriptedDaemon(path, [holding([])]),
        subprocess.Popen(
            [*terminal, *words, sys.executable, "-c", COUNTS_INTERRUPTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout is not None
        first = process.stdout.readline()
        told, _ = process.communicate(b"\x03", timeout=30)

    assert (first, told.splitlines()) == (b"ready\r\n", [b"^Cinterrupts=1"])


def test_work_is_released_when_the_command_line_is_killed(path: Path) -> None:
    with (
        ScriptedDaemon(path, [holding([])]),
        inhibiting(path, "--", "sh", "-c", "echo $$; exec cat") as process,
    ):
        child = int(next_line(process))
        process.kill()
        process.wait(30)
        os.kill(child, signal.SIGTERM)

        ended = has_ended(child)

    assert ended


def test_a_daemon_that_was_restarted_is_asked_again(path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def restarting(peer: Peer) -> None:
        asked.append(peer.call()["parameters"])
        peer.reply(HELD, continues=True)

    with (
        ScriptedDaemon(path, [restarting, holding(asked)]),
        inhibiting(path, "--", "sh", "-c", "echo ready; exec cat") as process,
    ):
        first = next_line(process)
        complaints = [next_complaint(process), next_complaint(process)]
        process.terminate()
        process.wait(30)

    assert first == "ready"
    assert complaints == [
        "darkroom: The daemon has gone away; work is held back again once it is there.",
        "darkroom: Work is held back.",
    ]
    assert asked[0] == asked[1]
    assert process.returncode == 128 + signal.SIGTERM
