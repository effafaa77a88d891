"""What keeps up with the daemon on a terminal: `darkroom watch` and `darkroom top`."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

import sent
from make import make_dng
from on_terminal import COMMAND, Terminal, on_a_terminal
from running import PATIENCE_SECONDS, running
from scripted import Peer, ScriptedDaemon

GIVEN_BACK = b"\x1b[?7h\x1b[?25h\x1b[?1049l"


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a daemon whose one session has a photo that is developed."""
    folder = tmp_path_factory.mktemp("live")
    raw = folder / "Wedding" / "Raw"
    raw.mkdir(parents=True)
    make_dng(raw / "IMG_1.DNG")
    with running(folder, "--session", str(raw.parent)) as daemon:
        daemon.wait_for("item_developed")
        yield str(daemon.socket)


def test_watching_shows_progress_and_goes_on_when_the_daemon_was_restarted(tmp_path: Path) -> None:
    raw = tmp_path / "Wedding" / "Raw"
    raw.mkdir(parents=True)

    with running(tmp_path, "--session", str(raw.parent)) as daemon:
        daemon.wait_for("session_found")
        with on_a_terminal("watch", "--kind", "photo.changed", "--socket", str(daemon.socket)) as terminal:
            terminal.wait_for(b"from here on as it happens")
            make_dng(raw / "IMG_1.DNG")
            terminal.wait_for(b"IMG_1.jpg\r\n")
            terminal.wait_for(b"\r\x1b[KEverything is developed.")
            daemon.kill()
            terminal.wait_for(b"the daemon has gone away; it is waited for\r\n")
            with running(tmp_path, "--session", str(raw.parent)):
                terminal.wait_for(b"from here on as it happens\r\n")

                status = terminal.end(signal.SIGINT)

    assert status == 130
    assert b"Traceback" not in terminal.shown
    # Nothing is left of the line below, and none of the events that it needed.
    assert terminal.shown.endswith(b"\r\x1b[K") or terminal.shown.endswith(b"happens\r\n")
    assert b"completed" not in terminal.shown


def test_programs_are_told_elsewhere_that_the_daemon_has_gone_away(tmp_path: Path) -> None:
    with running(tmp_path, "--root", str(tmp_path)) as daemon:
        process = subprocess.Popen(
            [*COMMAND, "watch", "--json", "--socket", str(daemon.socket)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            daemon.kill()

            told = process.stderr.readline()

            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert told == b"darkroom: The daemon has gone away; it is waited for.\n"
    assert rest == b""


def test_top_keeps_up_with_the_queue_and_with_the_window(socket: str) -> None:
    with on_a_terminal("top", "--socket", socket) as terminal:
        terminal.wait_for(b"SESSION")

        subprocess.run([*COMMAND, "pause", "--reason", "lunch", "--socket", socket], check=True)
        terminal.wait_for(b"paused: lunch")
        terminal.resize(columns=40, lines=2)
        # Frames that were on their way still have the old size.
        while frame_of(terminal).count(b"\n") > 1:
            continue
        subprocess.run([*COMMAND, "resume", "--socket", socket], check=True)
        terminal.resize(columns=80, lines=24)
        terminal.wait_for(b"SESSION")
        terminal.press(b"q")

        assert terminal.ended() == 0


def frame_of(terminal: Terminal) -> bytes:
    """Return the next frame that is drawn."""
    terminal.wait_for(b"\x1b[H")
    return terminal.wait_for(b"\x1b[J")


@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGINT, 130, id="interrupted"),
        pytest.param(signal.SIGTERM, 143, id="terminated"),
        pytest.param(signal.SIGHUP, 129, id="hung-up"),
    ],
)
def test_top_gives_the_terminal_back_however_it_is_ended(
    socket: str, number: signal.Signals, status: int
) -> None:
    with on_a_terminal("top", "--socket", socket) as terminal:
        terminal.wait_for(b"SESSION")
        changed = terminal.settings_now()

        assert terminal.end(number) == status
        assert terminal.shown.endswith(GIVEN_BACK)
        assert terminal.left == terminal.settings
        assert changed != terminal.settings


def test_top_waits_for_a_daemon_that_has_gone_away(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--root", str(tmp_path)) as daemon,
        on_a_terminal("top", "--socket", str(daemon.socket)) as terminal,
    ):
        terminal.wait_for(b"0 waiting")
        daemon.kill()
        terminal.wait_for(b"The daemon has gone away; it is waited for.")
        with running(tmp_path, "--root", str(tmp_path)):
            terminal.wait_for(b"\x1b[H\x1b[1mNothing to do")
            terminal.press(b"q")

            assert terminal.ended() == 0


def test_without_a_daemon_top_says_so_and_takes_no_terminal(tmp_path: Path) -> None:
    with on_a_terminal("top", "--socket", str(tmp_path / "none")) as terminal:
        assert terminal.ended() == 3

    assert b"there is no socket" in terminal.shown
    assert b"\x1b" not in terminal.shown


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        pytest.param([], ["One.", "Two."], id="people"),
        pytest.param(["--json"], ['"text":"One."}', '"text":"One."}', '"text":"Two."}'], id="programs"),
    ],
)
def test_top_without_a_terminal_is_a_line_upon_each_change(words: list[str], lines: list[str]) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        for text in ("One.", "One.", "Two."):
            peer.reply({"summary": msgspec.to_builtins(sent.summary(text))}, continues=True)
        peer.wait_for_the_end()

    with TemporaryDirectory(prefix="dr-") as folder, ScriptedDaemon(Path(folder) / "s", [script]):
        process = subprocess.Popen(
            [*COMMAND, "top", *words, "--socket", f"{folder}/s"], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in lines]
            process.send_signal(signal.SIGINT)

    assert [line.rstrip("\n").endswith(end) for line, end in zip(told, lines, strict=True)] == [True] * len(
        lines
    )
