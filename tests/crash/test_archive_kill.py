"""The daemon killed before every effect of an archive, started again, and held to its promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crash.nursery import Nursery, nursery
from darkroom import Client
from darkroom.errors import DarkroomError
from darkroom.protocol.types import JobOptions, JobState
from filing import PATIENCE_USEC, listed, settle, standing, sums_of
from make import make_dng

MOST_EFFECTS = 90


@dataclass(frozen=True)
class Aftermath:
    """What a killed daemon left, and what the next one made of it."""

    effect: int
    state: JobState
    attempts: list[int]
    states: list[str]
    stray: list[str]
    copied_again: list[str]
    found: dict[str, bytes]
    sums_hold: bool


def prepare(victims: Nursery, folder: Path) -> None:
    """Have two photos developed, and keep the queue as it is then."""
    raw = folder / "s0" / "Raw"
    raw.mkdir(parents=True)
    for name in "AB":
        make_dng(raw / f"{name}.DNG")
    with victims.daemon(folder, ["--session", str(raw.parent)]) as daemon:
        daemon.wait_for("session_found")
        with Client(daemon.socket) as client:
            settle(daemon, client, 2)
        daemon.stop()
    shutil.copytree(folder / "state", folder / "kept")


def start_over(folder: Path) -> None:
    """Put the queue back, without any archive."""
    for name in ("state", "archive"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(folder / "kept", folder / "state")


def file_away(client: Client, folder: Path, *, patience: float = 30) -> int:
    """Ask for the archive, again if that was done before, and wait for its end."""
    [session] = client.list_sessions()
    options = JobOptions(idempotency_key="key")
    reply = client.start_archive(
        [session.id], destination=folder / "archive", contents="outputs", options=options
    )
    assert reply.job_id is not None
    client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC, patience=patience)
    return reply.job_id


def run_victim(victims: Nursery, folder: Path, effect: int) -> tuple[int, int]:
    """Archive to the end, or to death; return how many effects there were before it, and in all."""
    before = 0
    with victims.daemon(folder, ["--session", str(folder / "s0")], fatal=effect) as daemon:
        while (line := daemon.next_line()) is not None:
            if line.get("event") == "session_found":
                before = int((folder / "effects").read_text() or 0)
                with suppress(DarkroomError, OSError), Client(daemon.socket) as client:
                    file_away(client, folder, patience=0)
                    daemon.stop()
        daemon.ended()
    return before, int((folder / "effects").read_text() or 0)


def aftermath(victims: Nursery, heirs: Nursery, folder: Path, effect: int) -> Aftermath:
    start_over(folder)
    run_victim(victims, folder, effect)
    destination = folder / "archive"
    before = {path: (destination / path).stat() for path in whole(destination)}
    with heirs.daemon(folder, ["--session", str(folder / "s0")]) as again:
        again.wait_for("ready")
        with Client(again.socket) as client:
            job = client.get_job(file_away(client, folder))
            items = list(client.list_items(job.id))
            [session] = client.list_sessions()
            states = [str(photo.state) for photo in client.list_photos(session.id)]
            attempts = [item.attempt for item in items]
        again.stop()
    found = standing(destination)
    after = {path: (destination / path).stat() for path in before}
    return Aftermath(
        effect=effect,
        state=job.state,
        attempts=attempts,
        states=states,
        stray=[path for path in found if not path.endswith(".jpg")],
        copied_again=[path for path in before if before[path].st_ino != after[path].st_ino],
        found=found,
        sums_hold=listed(destination) == sums_of(destination),
    )


def whole(destination: Path) -> Iterator[str]:
    """Yield the files that stand in an archive under their final names."""
    yield from (path for path in standing(destination) if path.endswith(".jpg"))


def test_killed_before_any_effect_of_an_archive_nothing_is_lost_torn_or_left_over(tmp_path: Path) -> None:
    halves = [tmp_path / "first", tmp_path / "second"]
    with nursery() as victims:
        for half in halves:
            half.mkdir()
            prepare(victims, half)
        start_over(halves[0])
        begun, effects = run_victim(victims, halves[0], 0)
    expected = standing(halves[0] / "archive")
    assert len(expected) == 2
    assert 15 < effects - begun < MOST_EFFECTS

    def every_second(half: int) -> list[Aftermath]:
        with nursery() as victims, nursery() as heirs:
            numbers = range(begun + 1 + half, effects + 1, 2)
            return [aftermath(victims, heirs, halves[half], number) for number in numbers]

    with ThreadPoolExecutor(2) as pool:
        ends = [end for half in pool.map(every_second, (0, 1)) for end in half]

    for end in ends:
        assert end.state is JobState.COMPLETED, end
        assert end.states == ["developed"] * 2, end
        assert end.stray == [], end
        assert end.copied_again == [], end
        assert end.found == expected, end
        assert end.sums_hold, end
        assert max(end.attempts) == 1, end
