"""The command `darkroom` as a process: signals, pipes, full disks and terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom.protocol.types import Event, JobState
from scripted import LONGEST_WAIT_SECONDS, Peer, Script, ScriptedDaemon, serving

COMMAND = (sys.executable, "-m", "darkroom.cli.main")


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def story(*kinds: str) -> Script:
    def script(peer: Peer) -> None:
        peer.call()
        for number, kind in enumerate(kinds):
            event = msgspec.to_builtins(Event(kind=kind, at_usec=sent.NOON_USEC))
            peer.reply({"event": event, "cursor": str(number)}, continues=True)
        peer.wait_for_the_end()

    return script


def test_watching_ends_with_ctrl_c_in_silence(path: Path) -> None:
    with (
        ScriptedDaemon(path, [story("ready", "stopping")]),
        subprocess.Popen(
            [*COMMAND, "watch", "--json", "--socket", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        kinds = [json.loads(process.stdout.readline())["kind"] for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate()

    assert kinds == ["ready", "stopping"]
    assert (process.returncode, rest, complaints) == (130, "", "")


def test_a_reader_that_has_seen_enough_is_no_error(path: Path) -> None:
    many = sent.listed(photos=[sent.photo(f"IMG_{number}.NEF") for number in range(5000)])

    with (
        ScriptedDaemon(path, [serving({**sent.WORLD, "ListPhotos": many})]),
        subprocess.Popen(
            [*COMMAND, "photos", "Wedding", "--json", "--socket", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()

    assert json.loads(first)["state"] == "waiting"
    assert (process.returncode, complaints) == (0, "")


def test_watching_ends_with_its_reader_also_when_nothing_happens(path: Path) -> None:
    with (
        ScriptedDaemon(path, [story("ready")]),
        subprocess.Popen(
            [*COMMAND, "watch", "--socket", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()
        status = process.wait(LONGEST_WAIT_SECONDS)

    assert (status, complaints) == (0, b"")


def test_a_full_disk_is_said_to_be_so(path: Path) -> None:
    with ScriptedDaemon(path, [serving(sent.WORLD)]), Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "status", "--socket", path],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr == "darkroom: The output could not be written: No space left on device.\n"


def redirected(where: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {where}', "sh", *COMMAND, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_an_output_that_is_closed_is_one_that_nobody_reads(path: Path) -> None:
    with ScriptedDaemon(path, [serving(sent.WORLD)]):
        status = redirected(">&-", "status", "--socket", str(path))

    version = redirected(">&-", "--version")

    assert (status.returncode, status.stderr) == (0, "")
    assert (version.returncode, version.stderr) == (0, "")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        pytest.param("<&-", "standard input is closed", id="closed"),
        pytest.param("0>/dev/null", "Bad file descriptor", id="for-writing-only"),
    ],
)
def test_parameters_that_cannot_be_read_are_wrong_usage(path: Path, where: str, reason: str) -> None:
    ended = redirected(where, "call", "GetSummary", "-", "--socket", str(path))

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"darkroom: The parameters are not a JSON object ({reason}")


def test_names_are_found_from_a_folder_that_is_gone(path: Path) -> None:
    with ScriptedDaemon(path, [serving(sent.WORLD)]):
        ended = subprocess.run(
            [
                *("/bin/sh", "-c", 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"', "sh"),
                *COMMAND,
                *("--socket", path, "show", "Wedding"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )

    assert ended.stdout.splitlines()[0].split() == ["session", "Wedding"]


def test_letters_that_the_terminal_lacks_are_written_as_escapes(path: Path) -> None:
    odd = sent.listed(sessions=[sent.session("Hochzeit-für-Łukasz")])

    with ScriptedDaemon(path, [serving({**sent.WORLD, "ListSessions": odd})]):
        ended = subprocess.run(
            [*COMMAND, "sessions", "--socket", path],
            env={**os.environ, "PYTHONIOENCODING": "latin-1"},
            capture_output=True,
            check=True,
        )

    assert b"Hochzeit-f\xfcr-\\u0141ukasz" in ended.stdout


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Give both ends of a terminal: what a person sees, and what a program writes to."""
    seen, written = pty.openpty()
    yield seen, written
    os.close(seen)
    os.close(written)


def shown_on(terminal: tuple[int, int]) -> bytes:
    """Return all that a program that has ended wrote to a terminal, which passes it on piece by piece."""
    seen, written = terminal
    os.write(written, b"\0")
    shown = b""
    while not shown.endswith(b"\0"):
        shown += os.read(seen, 1 << 16)
    return shown[:-1]


@pytest.mark.parametrize(
    ("columns", "more", "shown"),
    [
        pytest.param(
            0, {"TERM": "xterm"}, b"\x1b[1mIMG_A_VERY_LONG_NAME_0001.NEF\x1b[0m  waiting", id="size-unknown"
        ),
        pytest.param(40, {"TERM": "xterm"}, b"\x1b[1mIMG_A_\xe2\x80\xa601.NEF\x1b[0m  waiting", id="narrow"),
        pytest.param(
            200, {"TERM": "xterm", "NO_COLOR": "1"}, b"IMG_A_VERY_LONG_NAME_0001.NEF  waiting", id="no-colour"
        ),
        pytest.param(200, {"TERM": "dumb"}, b"IMG_A_VERY_LONG_NAME_0001.NEF  waiting", id="dumb"),
    ],
)
def test_a_terminal_gets_colour_and_a_table_that_fits(
    path: Path, terminal: tuple[int, int], *, columns: int, more: dict[str, str], shown: bytes
) -> None:
    _, written = terminal
    fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    photos = sent.listed(photos=[sent.photo("IMG_A_VERY_LONG_NAME_0001.NEF")])
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}

    with ScriptedDaemon(path, [serving({**sent.WORLD, "ListPhotos": photos})]):
        subprocess.run(
            [*COMMAND, "photos", "Wedding", "--socket", path],
            stdout=written,
            env={**environment, "PYTHONIOENCODING": "utf-8", **more},
            check=True,
        )

    assert shown in shown_on(terminal)


@pytest.mark.parametrize(
    ("columns", "more", "shown"),
    [
        pytest.param(
            80,
            {"TERM": "xterm"},
            b"\r\x1b[Kjob 7  [###---------] 3 of 10, 30 %\r\x1b[Kjob 7  completed  3 of 10, 30 %\r\n",
            id="in-place",
        ),
        pytest.param(
            20,
            {"TERM": "xterm"},
            b"\r\x1b[Kjob 7  [#\xe2\x80\xa6 10, 30 %\r\x1b[Kjob 7  co\xe2\x80\xa6 10, 30 %\r\n",
            id="narrow",
        ),
        pytest.param(
            80,
            {"TERM": "dumb"},
            b"job 7  running  3 of 10, 30 %\r\njob 7  completed  3 of 10, 30 %\r\n",
            id="dumb",
        ),
    ],
)
def test_waiting_on_a_terminal_takes_one_line(
    path: Path, terminal: tuple[int, int], *, columns: int, more: dict[str, str], shown: bytes
) -> None:
    _, written = terminal
    fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))

    def waiting(peer: Peer) -> None:
        peer.call()
        peer.reply({"job": msgspec.to_builtins(sent.job())}, continues=True)
        ended = replace(sent.job(state=JobState.COMPLETED), ended_at_usec=sent.NOON_USEC)
        peer.reply({"job": msgspec.to_builtins(ended)})

    with ScriptedDaemon(path, [waiting]):
        subprocess.run(
            [*COMMAND, "wait", "7", "--socket", path],
            stdout=written,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **more},
            check=True,
        )

    assert shown_on(terminal) == shown
