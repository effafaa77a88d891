"""Cut the power of a machine again and again while photos arrive, then hold darkroomd to its promises.

Usage: power_cuts.py [--boots N] [--seed N] [--seconds N]

A real systemd boots from a disk of its own and starts darkroomd by the system unit. Photos are uploaded; at
a random moment, maybe before it is up, all processes are killed at once, and the disk forgets everything that
was not synced. After the last boot every photo whose upload was finished must be there, developed to the
bytes of an undisturbed boot, and nothing may be left over. To be run as root; it takes three to five seconds
a boot.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from darkroom.client.blocking import Client
from darkroom.errors import DarkroomError
from darkroom.protocol.types import Photo
from make import make_dng
from promises import tell
from systemd.disk import DiskRefused, check_disk, keep_mounts_private, lose_power, make_disk, mounted
from systemd.furnishing import furnish
from systemd.machine import Machine, Unbootable, booted, check_bootable
from systemd.service import SERVICE, SESSIONS, SOCKET, configure, hand_over, install, make_session, obey, stop

CONFIG: Final = """
[intake]
quiet_seconds = 0.05
scan_seconds = 1
[worker]
idle_seconds = 60
[retry]
waits_seconds = [0.4, 20.0]
environment_wait_seconds = 0.2
"""
EARLY: Final = 0.3
"""Share of the cuts that may come before darkroomd is up."""

EARLY_SECONDS: Final = 4.0
BUSY_SECONDS: Final = 3.0
"""How long after the first photo was begun at most: far shorter than the second wait, as whoever cuts at
random must not look like a photo that does."""

LONGEST_START_SECONDS: Final = 60.0

DISK_MEGABYTES: Final = 2048
VARIANTS: Final = 4
MOST_PHOTOS: Final = 400
PIECES: Final = 4
MOST_ATTEMPTS: Final = 6
END_SECONDS: Final = 120.0
NOT_HERE: Final = 77
"""The exit status where no machine can be booted or no disk be made."""

LOOK_SECONDS: Final = 0.2
PROGRAMS: Final = {"the daemon": "bin/darkroomd ", "a worker": "-m darkroomd.imaging "}
LEFT_OVER: Final = frozenset({".part", ".tmp", ".bak"})


@dataclass
class Cuts:
    """What the machine lived through so far.

    Attributes:
        photos: the number of the variant, for each photo whose upload was finished and synced.
        unfinished: the photo whose upload was going on when the power was cut last.
    """

    folder: Path
    chance: random.Random
    variants: tuple[bytes, ...]
    photos: dict[str, int] = field(default_factory=dict)
    unfinished: tuple[str, int] | None = None
    done: Counter[str] = field(default_factory=Counter)

    @property
    def image(self) -> Path:
        return self.folder / "disk"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def session(self) -> Path:
        return self.root / SESSIONS.lstrip("/") / "Party"

    def upload_until_busy(self, machine: Machine) -> None:
        """Upload photos until one is being developed, or for long enough."""
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while not _runs(PROGRAMS["a worker"], machine.commands()) and time.monotonic() < deadline:
            self.upload_for(LOOK_SECONDS)

    def upload_for(self, seconds: float) -> None:
        """Upload photos for so long; what is under way then stays as it is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.unfinished is None and len(self.photos) < MOST_PHOTOS:
                number = self.chance.randrange(len(self.variants))
                self.unfinished = (f"{len(self.photos):04}.DNG", number)
            if self.unfinished is not None:
                self._upload(*self.unfinished, end=end)
            _pace(self.chance.uniform(0.0, 0.4), end)

    def finish_upload(self) -> None:
        """Write what was cut off once more, to its end."""
        if self.unfinished is not None:
            self._upload(*self.unfinished, end=time.monotonic() + END_SECONDS)

    def _upload(self, name: str, variant: int, *, end: float) -> None:
        """Write a photo as a careful program does: all of it, synced, and only then told to the camera."""
        content = self.variants[variant]
        piece = len(content) // PIECES + 1
        path = self.session / "Raw" / name
        with path.open("wb") as file:
            for begin in range(0, len(content), piece):
                if time.monotonic() >= end:
                    self.done["uploads that were cut off"] += 1
                    return
                file.write(content[begin : begin + piece])
                file.flush()
                _pace(self.chance.uniform(0.0, 0.05), end)
            os.fsync(file.fileno())
        _sync(path.parent)
        self.photos[name] = variant
        self.unfinished = None


def _runs(program: str, commands: Sequence[str]) -> bool:
    return any(program in command for command in commands)


def _pace(seconds: float, end: float) -> None:
    time.sleep(max(0.0, min(seconds, end - time.monotonic())))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_up(cuts: Cuts) -> dict[int, bytes]:
    """Install darkroomd on the machine's disk; return each variant's JPEG as it develops undisturbed."""
    make_disk(cuts.image, megabytes=DISK_MEGABYTES)
    cuts.root.mkdir()
    with mounted(cuts.image, cuts.root):
        furnish(cuts.root)
        configure(cuts.root, CONFIG)
        calm = make_session(cuts.root, "Calm")
        make_session(cuts.root, "Party")
        with booted(cuts.root) as machine:
            make_user, enable = install(machine, "--root", SESSIONS)
            obey(machine, [make_user])
            hand_over(machine, SESSIONS)
            obey(machine, [enable])
            for number, content in enumerate(cuts.variants):
                (calm / "Raw" / f"{number}.DNG").write_bytes(content)
            wait_until_developed(machine, "Calm", len(cuts.variants))
            stop(machine)
        return {number: (calm / "Jpg" / f"{number}.jpg").read_bytes() for number in range(len(cuts.variants))}


def live(cuts: Cuts) -> None:
    """Boot, be busy for a while, lose the power."""
    with mounted(cuts.image, cuts.root):
        with booted(cuts.root, until_up=False) as machine:
            is_early = cuts.chance.random() < EARLY
            if not is_early:
                cuts.upload_until_busy(machine)
            cuts.upload_for(cuts.chance.uniform(0.05, EARLY_SECONDS if is_early else BUSY_SECONDS))
            commands = machine.commands()
            machine.cut_power()
            lose_power(cuts.root)
        cuts.done["power cuts"] += 1
        for what, name in PROGRAMS.items():
            cuts.done[f"power cuts while {what} ran"] += _runs(name, commands)


def finish(cuts: Cuts) -> list[str]:
    """Boot once more, and wait for the last photo; return what is wrong."""
    wrong: list[str] = []
    with mounted(cuts.image, cuts.root), booted(cuts.root) as machine:
        cuts.upload_for(1.0)
        cuts.finish_upload()
        try:
            wait_until_developed(machine, "Party", len(cuts.photos))
        except TimeoutError as error:
            wrong.append(str(error))
            wrong.append(machine.run("journalctl", f"--unit={SERVICE}", "--no-pager", "--lines=40"))
        stop(machine)
        result = machine.show(SERVICE, "Result", "ExecMainStatus")
        if result != {"Result": "success", "ExecMainStatus": "0"}:
            wrong.append(f"the service ended with {result}")
    return wrong


def wait_until_developed(machine: Machine, session: str, count: int) -> None:
    """Wait until so many photos of a session are developed.

    Raises:
        TimeoutError: that takes too long.
    """
    deadline = time.monotonic() + END_SECONDS
    found: list[Photo] = []
    while time.monotonic() < deadline:
        with suppress(DarkroomError), Client(machine.outside(SOCKET), timeout=10.0) as client:
            named = [one.id for one in client.list_sessions() if one.name == session]
            found = [photo for one in named for photo in client.list_photos(one)]
        if len(found) == count and all(photo.state == "developed" for photo in found):
            return
        time.sleep(0.2)
    states = Counter(photo.state for photo in found)
    failures = [photo.failure for photo in found if photo.failure is not None]
    raise TimeoutError(f"of {count} photos in {session} there are {states}: {failures}")


def look_over(cuts: Cuts, expected: dict[int, bytes]) -> list[str]:
    """Return what is wrong on the disk and in the database after all."""
    wrong: list[str] = []
    with mounted(cuts.image, cuts.root):
        raws = {path.name: path for path in (cuts.session / "Raw").glob("*.DNG")}
        jpgs = {path.name: path for path in (cuts.session / "Jpg").iterdir()}
        names = {name.replace(".DNG", ".jpg"): variant for name, variant in cuts.photos.items()}
        if raws.keys() != cuts.photos.keys():
            wrong.append(f"other photos than were uploaded: {raws.keys() ^ cuts.photos.keys()}")
        if jpgs.keys() != names.keys():
            wrong.append(f"other outputs than photos: {jpgs.keys() ^ names.keys()}")
        wrong += [
            f"{name} has other bytes"
            for name in jpgs.keys() & names.keys()
            if jpgs[name].read_bytes() != expected[names[name]]
        ]
        wrong += [
            f"{name} was changed"
            for name in raws.keys() & cuts.photos.keys()
            if raws[name].read_bytes() != cuts.variants[cuts.photos[name]]
        ]
        state = cuts.root / "var" / "lib" / "darkroomd"
        left = [
            str(path) for top in (cuts.session, state) for path in top.rglob("*") if path.suffix in LEFT_OVER
        ]
        if left:
            wrong.append(f"left over: {left}")
        wrong += _look_into(state / "queue.db", cuts)
    problem = check_disk(cuts.image)
    return [*wrong, problem] if problem else wrong


def _look_into(path: Path, cuts: Cuts) -> list[str]:
    wrong: list[str] = []
    with closing(sqlite3.connect(path)) as database:
        (found,) = database.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            wrong.append(f"the database is damaged: {found}")
        (count,) = database.execute(
            "SELECT count(*) FROM item WHERE state IN ('queued', 'running')"
        ).fetchone()
        if count:
            wrong.append(f"{count} items never ended")
        (attempts,) = database.execute("SELECT max(attempt) FROM item").fetchone()
        (again,) = database.execute("SELECT count(*) FROM item WHERE attempt > 1").fetchone()
    if attempts > MOST_ATTEMPTS:
        wrong.append(f"{attempts} attempts")
    cuts.done["most attempts at a photo"] = attempts
    cuts.done["photos that were begun more than once"] = again
    return wrong


def play(*, boots: int, seed: int, seconds: float) -> tuple[list[str], Cuts]:
    """Cut the power so often, within the given time; return what is wrong, and what was done.

    Raises:
        Unbootable, DiskRefused: that cannot be done here.
    """
    check_bootable()
    keep_mounts_private()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="cuts-") as name:
        folder = Path(name)
        chance = random.Random(seed)  # noqa: S311 - a game that can be played again
        paths = [
            make_dng(folder / f"{number}.DNG", width=600 * number, height=400 * number)
            for number in range(1, VARIANTS + 1)
        ]
        cuts = Cuts(folder, chance, tuple(path.read_bytes() for path in paths))
        expected = set_up(cuts)
        while cuts.done["power cuts"] < boots and time.monotonic() < deadline:
            live(cuts)
        wrong = finish(cuts)
        return wrong + look_over(cuts, expected), cuts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--boots", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=900.0, help="begin no boot after that")
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    began = time.monotonic()
    try:
        wrong, cuts = play(boots=given.boots, seed=given.seed, seconds=given.seconds)
    except (Unbootable, DiskRefused) as problem:
        sys.stdout.write(f"{problem}\n")
        return NOT_HERE
    return tell(wrong, done=cuts.done, photos=len(cuts.photos), seconds=time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
