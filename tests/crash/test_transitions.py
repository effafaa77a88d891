"""Each kind of transition stopped before every single effect, gone on with, and held to what was promised."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from crash.lives import SESSION, Act, Life, life, live_and_die, now_usec
from crash.watcher import Picture, assert_counters_hold, draw
from darkroom.protocol.types import ItemState, Priority
from darkroomd.core.cancellation import canceled
from darkroomd.core.model import CorrelationId, Happening, JobId, PhotoState, Wish
from darkroomd.core.naming import photo_id
from darkroomd.store.exports import Exported, NewExport, go_on_exporting, start_export
from darkroomd.store.verbs import CANCELED_BY_CLIENT, cancel_jobs, go_on_canceling

MOST_EFFECTS = 60
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Transition:
    """What is done, what was done before, and what each photo may be in the end."""

    act: Act
    before: Act
    files: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset({"developed"})
    workers: int = 1


def arriving(*names: str) -> Act:
    async def before(life: Life) -> None:
        await life.arrive(*names)

    return before


async def nothing(_: Life) -> None:
    return


async def look(life: Life) -> None:
    await life.look()


async def work(life: Life) -> None:
    await life.work()


async def work_two(life: Life) -> None:
    await life.arrive("a.NEF", "fails.NEF")
    await life.work()


async def hang(life: Life) -> None:
    await life.arrive("hangs.NEF", "b.NEF")
    await life.begin_hanging()


async def pause_queue(life: Life) -> None:
    await life.jobs.pause_queue(reason="lunch", until_usec=None, finish_running=False)


async def pause_job(life: Life) -> None:
    await life.jobs.pause([1])


async def paused_queue(life: Life) -> None:
    await life.arrive("a.NEF", "b.NEF")
    await pause_queue(life)


async def paused_job(life: Life) -> None:
    await life.arrive("a.NEF", "b.NEF")
    await pause_job(life)


async def resume_queue(life: Life) -> None:
    await life.jobs.resume_queue()


async def resume_job(life: Life) -> None:
    await life.jobs.resume([1])


async def cancel(life: Life) -> None:
    await life.jobs.cancel([1], reason="no more")


async def cancel_one_by_one(life: Life) -> None:
    await life.store.front.write(
        lambda database: cancel_jobs(
            database,
            [JobId(1)],
            failure=canceled("no more"),
            reason=CANCELED_BY_CLIENT,
            most=1,
            now_usec=now_usec(),
        )
    )
    while await life.store.front.write(
        lambda database: go_on_canceling(database, most=1, now_usec=now_usec())
    ):
        pass


async def found_three(life: Life) -> None:
    for name in ("a.NEF", "b.NEF", "c.NEF"):
        (life.raw / name).write_bytes(b"RAW " + name.encode())
    await life.look()


async def retry(life: Life) -> None:
    await life.jobs.retry([2], include_canceled=True)
    await life.work()


async def prioritize(life: Life) -> None:
    await life.jobs.set_priority([2], Priority.HIGH)


async def move(life: Life) -> None:
    await life.jobs.move([2], before=1)


async def clear(life: Life) -> None:
    await life.jobs.clear(None, ended_before_usec=None)


def order(*names: str, paused: bool = False, forced: bool = False) -> NewExport:
    photos = tuple(photo_id(SESSION, name) for name in names)
    wish = Wish(forced=forced)
    return NewExport(SESSION, photos, "jpg", "export", CorrelationId("e"), paused=paused, wish=wish)


async def export(life: Life) -> None:
    await life.jobs.export(order("a.NEF", "b.NEF"))
    await life.work()


async def export_one_by_one(life: Life) -> None:
    wanted = order("a.NEF", "b.NEF", "c.NEF")
    begun = await life.store.front.write(
        lambda database: start_export(database, wanted, most=1, now_usec=now_usec())
    )
    while isinstance(begun, Exported) and begun.rest:
        begun = await life.store.front.write(
            lambda database, begun=begun: go_on_exporting(
                database, wanted, begun, most=1, now_usec=now_usec()
            )
        )
    await life.work()


def ordered(*, forced: bool = False, deletes: bool = False) -> Act:
    """Have two developed photos wait for their export, one of them without its output if it `deletes`."""

    async def before(life: Life) -> None:
        await TWO(life)
        await life.work()
        if deletes:
            (life.folder / "session" / "Jpg" / "a.jpg").unlink()
        await life.jobs.export(order("a.NEF", "b.NEF", paused=True, forced=forced))

    return before


async def resume_export(life: Life) -> None:
    await life.jobs.resume([3])
    await life.work()


async def export_what_hangs(life: Life) -> None:
    await life.jobs.export(order("hangs.NEF", "b.NEF"))
    await life.work()


async def exporting(life: Life) -> None:
    await life.arrive("hangs.NEF", "b.NEF")
    await life.jobs.export(order("hangs.NEF", "b.NEF"))
    await life.begin_hanging()


async def cancel_export(life: Life) -> None:
    await life.jobs.cancel([3], reason=None)
    await life.work()


TWO = arriving("a.NEF", "b.NEF")
CANCELED = frozenset({"developed", "canceled"})
TRANSITIONS = {
    "develop": Transition(work, TWO),
    "develop-side-by-side": Transition(work, TWO, workers=2),
    "fail-beside-another": Transition(
        work, arriving("fails.NEF", "a.NEF"), ends=frozenset({"developed", "raw.unsupported"}), workers=2
    ),
    "cancel-what-another-waits-for": Transition(cancel, hang, ends=CANCELED, workers=2),
    "fail": Transition(work, arriving("fails.NEF"), ends=frozenset({"raw.unsupported"})),
    "retry-by-itself": Transition(work, arriving("retries.NEF")),
    "put-back-for-the-environment": Transition(work, arriving("full.NEF")),
    "kill-the-worker": Transition(work, arriving("crashes.NEF"), ends=frozenset({"worker.crashed"})),
    "change-while-developing": Transition(work, arriving("changes.NEF")),
    "find-a-backfill": Transition(look, nothing, files=("Raw/a.NEF", "Raw/b.NEF", "Raw/c.NEF")),
    "adopt": Transition(
        look, nothing, files=("Raw/adopted1.NEF", "Jpg/adopted1.jpg", "Raw/adopted2.NEF", "Jpg/adopted2.jpg")
    ),
    "pause-the-queue": Transition(pause_queue, TWO),
    "pause-the-queue-and-stop-what-runs": Transition(pause_queue, hang),
    "resume-the-queue": Transition(resume_queue, paused_queue),
    "pause-a-job": Transition(pause_job, TWO),
    "resume-a-job": Transition(resume_job, paused_job),
    "cancel-what-waits": Transition(cancel, TWO, ends=CANCELED),
    "cancel-what-runs": Transition(cancel, hang, ends=CANCELED),
    "cancel-many": Transition(cancel_one_by_one, found_three, ends=CANCELED),
    "retry": Transition(retry, work_two, ends=frozenset({"developed", "raw.unsupported"})),
    "prioritize": Transition(prioritize, TWO),
    "move": Transition(move, TWO),
    "export-what-waits": Transition(export, TWO),
    "export-many": Transition(export_one_by_one, found_three),
    "export-what-runs": Transition(export_what_hangs, hang),
    "export-what-is-up-to-date": Transition(resume_export, ordered()),
    "export-what-was-deleted": Transition(resume_export, ordered(deletes=True)),
    "export-what-is-up-to-date-by-force": Transition(resume_export, ordered(forced=True)),
    "cancel-an-export": Transition(cancel_export, exporting),
    "clear": Transition(clear, work_two, ends=frozenset({"developed", "raw.unsupported"})),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder, in memory if possible: what is shown is the order of effects, not the disk's patience."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


@dataclass(frozen=True)
class Aftermath:
    """What the next life made of what was left."""

    told: list[int]
    journal: list[Happening]
    listed: Picture


async def go_on(folder: Path, workers: int) -> Aftermath:
    """Begin anew, let go what was paused, and work until nothing is left."""
    async with life(folder, lambda _: None, workers=workers) as alive:
        told = [int(line) for line in (folder / "told").read_text().split()]
        await alive.look()
        await alive.jobs.resume_queue()
        page = await alive.store.jobs(None, by_position=False, cursor=None, limit=99)
        await alive.jobs.resume([job.id for job in page.entries if job.ended_at_usec is None])
        await alive.work()
        return Aftermath(told, await alive.history.facts_after(0, limit=10_000), await draw(alive.store))


def assert_a_watcher_missed_nothing(after: Aftermath) -> None:
    """Fold what was told before the kill, then what the journal says after the last number noted."""
    picture = Picture()
    cursor = after.told[-1] if after.told else 0
    assert after.told == list(range(1, cursor + 1))
    assert [fact.sequence for fact in after.journal] == list(range(1, len(after.journal) + 1))
    for fact in after.journal:
        picture.take_in(fact)
    listed = after.listed
    assert picture.sessions == listed.sessions
    assert picture.photos == listed.photos
    assert picture.jobs == listed.jobs
    assert picture.items.items() <= listed.items.items()


def assert_all_is_well(folder: Path, ends: frozenset[str], after: Aftermath) -> None:
    photos, items = after.listed.photos.values(), after.listed.items.values()
    session = folder / "session"
    there = {path.name for path in (session / "Raw").iterdir()}
    assert there <= {photo.name for photo in photos}
    assert {photo.failure.code if photo.failure else photo.state for photo in photos} <= ends
    developed = [photo for photo in photos if photo.state is PhotoState.DEVELOPED]
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == sorted(
        output.path.name for photo in developed for output in photo.outputs
    )
    for photo in developed:
        assert photo.outputs[0].path.read_bytes() == b"picture of " + photo.name.encode()
    assert not {item.state for item in items} & {ItemState.QUEUED, ItemState.RUNNING}
    assert max((item.attempt for item in items), default=0) <= 6
    assert_counters_hold(folder / "queue.db")


def prepare(folder: Path, files: tuple[str, ...]) -> None:
    for name in ("session/Raw", "session/Jpg", "marks"):
        (folder / name).mkdir(parents=True)
    for name in files:
        stem = Path(name).stem.encode()
        (folder / "session" / name).write_bytes(b"picture of " + stem + b".NEF")


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_stopped_before_any_effect_is_done_or_undone_as_a_whole(folder: Path, name: str) -> None:
    transition = TRANSITIONS[name]

    for effect in range(1, MOST_EFFECTS):
        place = folder / str(effect)
        prepare(place, transition.files)
        died = live_and_die(
            place,
            before=transition.before,
            act=transition.act,
            fatal=effect,
            told=place / "told",
            workers=transition.workers,
        )
        after = anyio.run(go_on, place, transition.workers)

        assert_a_watcher_missed_nothing(after)
        assert_all_is_well(place, transition.ends, after)
        shutil.rmtree(place)
        if not died:
            return
    raise AssertionError("It never came to an end.")
