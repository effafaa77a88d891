"""`darkroomd demo`: the whole thing before your eyes, in a folder that can be thrown away.

Nothing is made up: the daemon that runs is the real one, told only where its files are; what is shown
came over its socket.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from darkroom.client import Client, EventStream
from darkroom.errors import EXIT_DONE, EXIT_FAILED, DaemonUnreachable, DarkroomError
from darkroom.protocol.types import Event, Item, ItemState, Photo

START_SECONDS: Final = 20.0
"""For the daemon to answer."""

DEVELOP_SECONDS: Final = 120.0
"""For all photos, on the slowest machine."""

STOP_SECONDS: Final = 15.0
"""For the daemon to end in good order; it promises ten."""

_LOOK_AGAIN_SECONDS: Final = 0.05
_ENDS: Final = frozenset({"developed", "failed"})


class DemoFailed(DarkroomError):
    """The demonstration did not go as it should."""

    code = "demo.failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """The folders and files of one demonstration."""

    folder: Path

    @property
    def session(self) -> Path:
        """The session the daemon looks after."""
        return self.folder / "Party"

    @property
    def camera(self) -> Path:
        """Where the photos are before they are dropped into the session."""
        return self.folder / "Camera"

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self.folder / "darkroomd.sock"

    @property
    def log(self) -> Path:
        """What the daemon writes to its standard error."""
        return self.folder / "darkroomd.log"


def main(argv: Sequence[str]) -> int:
    """Show what the daemon does; return the exit status: 0 when all photos were developed."""
    parser = argparse.ArgumentParser(
        prog="darkroomd demo",
        description="Make a throw-away session, develop three generated photos, and say what to type next.",
    )
    parser.parse_args(argv)
    try:
        return _demonstrate()
    except BrokenPipeError:
        # The reader went away; the interpreter would try to write once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE


def _demonstrate() -> int:
    stage = Stage(Path(tempfile.mkdtemp(prefix="darkroomd-demo-")))
    try:
        with _ended_by_signals():
            _show(stage)
    except BrokenPipeError:
        raise
    except (DarkroomError, OSError, subprocess.SubprocessError) as error:
        _complain(f"The demo failed: {error}", f"The daemon's log: {stage.log}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        _complain("Interrupted. The daemon was stopped.")
        return EXIT_FAILED
    finally:
        with suppress(BrokenPipeError):
            _say("", "To remove what the demo made:", f"  rm -r {shlex.quote(str(stage.folder))}")
    return EXIT_DONE


def _show(stage: Stage) -> None:
    _say(f"A throw-away session: {stage.session}")
    photos = _prepare(stage)
    with _daemon(stage) as process, Client(stage.socket) as client:
        version = _greet(client, process)
        _say(f"darkroomd {version} runs as process {process.pid}; {len(photos)} photos drop in now.", "")
        with client.watch(progress_interval_usec=0, patience=0) as events:
            outputs = _develop(stage, photos, events)
        text = client.get_summary().text
    _say(
        "", f"The daemon said last: {text}", "It was stopped. The JPEGs:", *(f"  {path}" for path in outputs)
    )
    _say("", *_what_next())


def _prepare(stage: Stage) -> tuple[Path, ...]:
    """Make the folders, and the photos in a process of its own: the daemon's side holds no pixels."""
    (stage.session / "Raw").mkdir(parents=True)
    stage.camera.mkdir()
    (stage.folder / "config.toml").touch()
    subprocess.run(
        [sys.executable, "-P", "-m", "darkroomd.imaging.samples", stage.camera],
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=START_SECONDS,
    )
    return tuple(sorted(stage.camera.iterdir()))


@contextmanager
def _daemon(stage: Stage) -> Generator[subprocess.Popen[bytes]]:
    """Run the daemon; it has ended when the context ends, however that ends."""
    arguments: Mapping[str, Path] = {
        "--session": stage.session,
        "--socket": stage.socket,
        "--state-dir": stage.folder / "state",
        # An empty one: the demo has nothing to do with what is configured here.
        "--config": stage.folder / "config.toml",
    }
    command = [sys.executable, "-P", "-m", "darkroomd", "--log-format", "json", "--without-system-config"]
    for option, path in arguments.items():
        command += [option, str(path)]
    with stage.log.open("wb") as log:
        # In a group of its own: Ctrl-C is for the demo, which then ends the daemon.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:
        # Does nothing to a process that has ended; whoever pressed Ctrl-C twice does not want to wait.
        process.kill()
        process.wait()


def _greet(client: Client, process: subprocess.Popen[bytes]) -> str:
    """Return the daemon's version once it answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return client.get_health().version
        except DaemonUnreachable:
            if process.poll() is not None:
                raise DemoFailed(f"The daemon ended at once, with status {process.returncode}.") from None
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_AGAIN_SECONDS)


def _develop(stage: Stage, photos: Sequence[Path], events: EventStream) -> list[Path]:
    """Drop the photos in and tell what happens until all are developed; return the JPEGs."""
    tale = Tale()
    deadline = time.monotonic() + DEVELOP_SECONDS
    for event in events:
        if event.kind == "ready":
            for photo in photos:
                shutil.copyfile(photo, stage.session / "Raw" / photo.name)
            tale.begin()
        _say(*tale.lines(event))
        if len(tale.ended) == len(photos):
            break
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"Only {len(tale.ended)} of {len(photos)} photos were done in {DEVELOP_SECONDS:g} s."
            )
    return tale.outputs()


class Tale:
    """Tells of each photo in a few lines, and keeps how it ended."""

    def __init__(self) -> None:
        self.ended: dict[str, Photo] = {}
        self._names: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._began = time.monotonic()

    def begin(self) -> None:
        """Count the seconds from now."""
        self._began = time.monotonic()

    def lines(self, event: Event) -> list[str]:
        """Return what is new in an event."""
        match event:
            case Event(photo=Photo() as photo):
                return self._photo(photo)
            case Event(item=Item(state=ItemState.RUNNING, stage=str(stage), photo_id=str(photo_id))):
                return self._line(photo_id, stage)
            case _:
                return []

    def outputs(self) -> list[Path]:
        """Return the JPEGs.

        Raises:
            DemoFailed: a photo has none.
        """
        paths = [Path(file.file.path or "") for photo in self.ended.values() for file in photo.outputs]
        missing = [str(path) for path in paths if not path.is_file()]
        failures = [
            f"{self._names[photo.id]}: {photo.failure.message}"
            for photo in self.ended.values()
            if photo.failure is not None
        ]
        if missing or failures or len(paths) != len(self.ended):
            raise DemoFailed(" ".join([*failures, *missing]) or "A photo has no output.")
        return sorted(paths)

    def _photo(self, photo: Photo) -> list[str]:
        self._names[photo.id] = (photo.original.path or "").rpartition("/")[2]
        if photo.state not in _ENDS:
            return self._line(photo.id, photo.state)
        self.ended[photo.id] = photo
        sizes = ", ".join(f"{output.size_bytes // 1000} kB" for output in photo.outputs)
        return self._line(photo.id, photo.state, detail=sizes)

    def _line(self, photo_id: str, what: str, *, detail: str = "") -> list[str]:
        if (photo_id, what) in self._told:
            return []
        self._told.add((photo_id, what))
        name = self._names.get(photo_id, photo_id)
        return [f"  {time.monotonic() - self._began:4.1f} s  {name:<14} {what:<12}{detail}".rstrip()]


def _what_next() -> list[str]:
    daemon, client = _command("darkroomd"), _command("darkroom")
    return [
        "Now with your own photos. A session is a folder with a Raw folder in it; this watches those in DIR:",
        f"  {daemon} --root DIR",
        "And in a second terminal:",
        f"  {client} status",
        f"  {client} watch",
        f"  {client} photos --all",
    ]


def _command(name: str) -> str:
    """Return what to type for a command of ours: its name, or its path where the shell would not find it."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    known = found is not None and Path(found).resolve() == beside.resolve()
    return name if known or not beside.exists() else shlex.quote(str(beside))


@contextmanager
def _ended_by_signals() -> Generator[None]:
    """Take a request to end, from whomever, like Ctrl-C, so that nothing is left running."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _complain(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _say(*lines: str) -> None:
    # With its standard output closed a program has none at all.
    if not sys.stdout:
        return
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
