"""A photographer's day in minutes: photos arrive, look and clock change, then all is exported and archived.

Run by hand: python tests/bench/day.py [--photos 300] [--minutes 10] [--seed 1]
A real daemon watches one session. Generated DNGs, and the camera files of this machine (see `make.raws`),
arrive by rename, by slow copies and by uploads that stall, in random gaps. A third of the way each another
preset is chosen; two files are no good; one camera's clock is an hour behind and is put right; a burst is
discarded. Then the commands that people type: export, archive, verify, and each of them once more.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

# In place of this folder, whose `queue` would stand in for Python's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

from darkroom.client.blocking import Client
from darkroom.errors import DaemonUnreachable, DarkroomError
from darkroom.protocol.types import Photo
from darkroomd.imaging.dng import Facts
from make import make_dng, raws
from running import arguments

CONFIG = """
workers = 1
[archive]
destination = "{archive}"
"""
PRESETS = ("neutral", "vivid", "bw")
SIZES = ((1500, 1000), (1000, 1500), (2400, 1600))
MORNING = datetime(2026, 6, 20, 14, 0, 0)  # noqa: DTZ001 - cameras have no zone
SECOND_CAMERA = "Second Camera"
LATE_USEC = 3600 * 1_000_000
CHUNK_BYTES = 1 << 18
PATIENCE_SECONDS = 120.0


@dataclass
class Day:
    """What has happened so far."""

    session: Path
    stock: Path
    chance: random.Random
    told: dict[str, object] = field(default_factory=dict)

    def tell(self, what: str, value: object) -> None:
        self.told[what] = value
        print(f"{what:44} {value}", flush=True)


def stock_up(day: Day, photos: int) -> list[Path]:
    """Make the day's files, in the order in which they are shot."""
    day.stock.mkdir()
    shots = []
    for number in range(photos):
        # Bursts of three in one second, as cameras shoot them.
        taken_at = MORNING + timedelta(seconds=40 * (number // 3), milliseconds=120 * (number % 3))
        second = number % 4 == 0
        facts = Facts(
            model=SECOND_CAMERA if second else "First Camera",
            taken_at=taken_at - timedelta(hours=1) if second else taken_at,
        )
        width, height = SIZES[number % len(SIZES)]
        shots.append(make_dng(day.stock / f"IMG_{number:04}.DNG", width=width, height=height, facts=facts))
    camera_files = raws()
    for file in sorted(camera_files.iterdir()) if camera_files is not None else []:
        if file.is_file() and file.suffix != ".md":
            place = day.chance.randrange(len(shots))
            shots.insert(place, Path(shutil.copy(file, day.stock / f"CAM_{file.name}")))
    shots.insert(len(shots) // 2, cut(shots[0], day.stock / "CUT_0001.DNG"))
    noise = day.stock / "NOISE_0001.NEF"
    noise.write_bytes(day.chance.randbytes(3_000_000))
    shots.insert(len(shots) // 3, noise)
    return shots


def cut(whole: Path, path: Path) -> Path:
    """Write the first 60 percent of a file."""
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path


def arrive(day: Day, shot: Path, *, seconds: float) -> None:
    """Let a file arrive within so many seconds, in one of the ways in which files do."""
    target, until = day.session / "Raw" / shot.name, time.monotonic() + seconds
    way = day.chance.choice(("rename", "copy", "upload"))
    day.told[way] = int(str(day.told.get(way, 0))) + 1
    if way == "rename":
        part = target.with_name(f".{target.name}.tmp")
        shutil.copy(shot, part)
        part.rename(target)
    else:
        content = shot.read_bytes()
        chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        with target.open("wb") as file:
            for number, chunk in enumerate(chunks):
                file.write(chunk)
                if way == "upload" and number == len(chunks) // 2:
                    time.sleep(seconds / 2)
    time.sleep(max(0.0, until - time.monotonic()))


def command(socket: Path, *words: str) -> tuple[int, str, float]:
    """Run `darkroom`, and return its exit status, output, and wall seconds."""
    since = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "darkroom.cli.main", "--socket", str(socket), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - since


@contextmanager
def started(folder: Path, config: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon whose log goes to a file, until the block is left."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "darkroomd", *arguments(folder, config=config)],
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


def connected(daemon: subprocess.Popen[bytes], socket: Path) -> Client:
    """Return a client, once the daemon answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        client = Client(socket)
        try:
            client.get_summary()
        except DaemonUnreachable as error:
            client.close()
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((socket.parent / "log").read_text()) from error
            time.sleep(0.1)
        else:
            return client


def states(client: Client, session_id: str) -> Counter[str]:
    """Return how many photos are in which state; `discarded` counts for itself."""
    return Counter(
        "discarded" if photo.discarded else photo.state for photo in client.list_photos(session_id)
    )


def photos_of(client: Client, session_id: str, names: set[str]) -> list[Photo]:
    """Wait until these files are photos, and return them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = [
            photo for photo in client.list_photos(session_id) if Path(photo.original.path or "").name in names
        ]
        if len(found) == len(names):
            return found
        time.sleep(0.2)
    raise SystemExit(f"Not all of {sorted(names)} became photos.")


def shoot(day: Day, client: Client, session_id: str, shots: list[Path], *, minutes: float) -> None:
    """Let all files arrive, while the preset is changed twice."""
    gap = minutes * 60 / len(shots)
    for number, shot in enumerate(shots):
        if number % max(1, len(shots) // len(PRESETS)) == 0:
            preset = PRESETS[min(len(PRESETS) - 1, number * len(PRESETS) // len(shots))]
            client.set_session_preset(session_id, preset)
        arrive(day, shot, seconds=gap * day.chance.uniform(0.2, 1.8))


def evening(day: Day, socket: Path, session_id: str, archive: Path) -> None:
    """Export, archive and verify as people do, and each of them once more."""
    steps = [
        ("export", ("export", session_id, "--wait")),
        ("export once more", ("export", session_id, "--wait")),
        ("archive, which refuses", ("archive", session_id, "--wait")),
        ("archive of what is finished", ("archive", session_id, "--partial", "--wait")),
        ("verify", ("archive", "--verify", "--to", str(archive))),
        ("archive once more", ("archive", session_id, "--partial", "--wait")),
        ("verify once more", ("archive", "--verify", "--to", str(archive))),
    ]
    for name, words in steps:
        status, output, seconds = command(socket, *words)
        lines = output.strip().splitlines() or [""]
        said = next((line for line in lines if "; it took" in line), lines[-1])
        day.tell(name, f"exit {status}, {seconds:.2f} s: {said}")


def check(archive: Path, session_id: str) -> str:
    """Let coreutils compare the archive with its manifest."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", f"SHA256SUMS.{session_id}"],  # noqa: S607 - where it is found differs
        cwd=archive,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"exit {done.returncode} {done.stdout}{done.stderr}".strip()


def live(day: Day, client: Client, socket: Path, asked: argparse.Namespace, archive: Path) -> None:
    """Go through the day."""
    shots = stock_up(day, asked.photos)
    day.tell("files", len(shots))
    session_id = client.add_session(day.session).session.id
    began = time.monotonic()
    shoot(day, client, session_id, shots, minutes=asked.minutes)
    day.tell("minutes of arrivals", round((time.monotonic() - began) / 60, 2))
    day.tell("ways of arrival", {way: day.told.get(way, 0) for way in ("rename", "copy", "upload")})
    late = {shot.name for number, shot in enumerate(sorted(day.stock.glob("IMG_*"))) if number % 4 == 0}
    burst = {f"IMG_{number:04}.DNG" for number in (30, 31, 32)}
    client.set_capture_time(
        [photo.id for photo in photos_of(client, session_id, late)], offset_usec=LATE_USEC
    )
    client.set_discarded([photo.id for photo in photos_of(client, session_id, burst)], discarded=True)
    day.tell("at the end of the day", dict(states(client, session_id)))
    evening(day, socket, session_id, archive)
    day.tell("after it", dict(states(client, session_id)))
    day.tell("sha256sum says", check(archive, session_id))
    files = [file for file in archive.rglob("*") if file.is_file()]
    day.tell("files in the archive", len(files))
    day.tell("of them", dict(Counter(file.suffix.lower() for file in files)))


def main(asked: argparse.Namespace) -> None:
    """Have a day in a folder of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        session, archive = folder / "events" / "Wedding", folder / "archive"
        (session / "Raw").mkdir(parents=True)
        chance = random.Random(asked.seed)  # noqa: S311 - the same day again is what is wanted
        day = Day(session, folder / "stock", chance)
        config = CONFIG.format(archive=archive)
        with started(folder, config) as daemon, connected(daemon, folder / "d.sock") as client:
            try:
                live(day, client, folder / "d.sock", asked, archive)
            except DarkroomError as error:
                raise SystemExit(f"{error.code}: {error.message}") from error
            daemon.terminate()
            day.tell("the daemon ends with", daemon.wait(PATIENCE_SECONDS))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
