"""Damages RAW files in many ways and has workers develop them: each is a picture or a failure that says why.

Run by hand: python tests/fuzz_raws.py [--count 2000] [--seed 1] [--keep DIR]
Equal seeds damage equal files equally; `--first N --count 1` repeats the N-th case alone. Real camera files
(see `make.raws`) take part where this machine has them.
"""

from __future__ import annotations

import argparse
import io
import os
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import anyio
import msgspec
import structlog
from PIL import Image

from darkroom.protocol.types import Failure
from darkroomd import logs
from darkroomd.core.json_values import JsonObject
from darkroomd.core.recipes import Recipe
from darkroomd.imaging.dng import XTRANS_CELL, Layout, Sensor
from darkroomd.imaging.messages import Developed, Refused, Stage, Target
from darkroomd.services.executor import ExecutorOptions, LocalExecutor
from darkroomd.services.worker_process import WorkerSettings
from fuzz_looks import RECIPES, odd, sensible
from make import make_develop, make_dng, raws

DEADLINE_SECONDS: Final = 60.0
LARGEST_BYTES: Final = 8 << 20
"""Larger files take part in no run: a thousand cases would take hours."""

TROUBLE: Final = (
    *("internal.bug", "worker.not_started", "worker.crashed", "worker.timeout", "worker.out_of_memory"),
)
"""Codes of failures that a damaged file should not lead to; each is shown."""

Damage = Callable[[Random, bytearray], None]


@dataclass(slots=True)
class Tally:
    """What became of the cases.

    Attributes:
        outcomes: how often each code was given; `developed` for a picture.
        shown: of the failures in `TROUBLE`, the number of the case and what was said.
        wrong: what must never be, a sentence each.
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    shown: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged file: where it comes from, what was done to it, and what is asked for.

    Some looks leave one colour of any picture.
    """

    number: int
    origin: str
    damages: tuple[str, ...]
    content: bytes
    look: JsonObject
    recipe: Recipe

    def __str__(self) -> str:
        return f"{self.number} ({self.origin}: {', '.join(self.damages)})"


def flip_bits(random: Random, content: bytearray) -> None:
    """Flip some bits anywhere."""
    for _ in range(random.choice((1, 4, 32, 256))):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def flip_bits_of_head(random: Random, content: bytearray) -> None:
    """Flip some bits where most formats keep their tags."""
    for _ in range(random.choice((1, 2, 8, 64))):
        content[random.randrange(min(4_096, len(content)))] ^= 1 << random.randrange(8)


def cut(random: Random, content: bytearray) -> None:
    """Keep only the beginning."""
    del content[random.randrange(len(content)) :]


def cut_a_little(random: Random, content: bytearray) -> None:
    """Lose a little of the end."""
    del content[-random.randint(1, max(1, len(content) // 20)) :]


def zero(random: Random, content: bytearray) -> None:
    """Fill a stretch with zeros, as a file that was reserved and not filled has them."""
    start = random.randrange(len(content)) & ~0xFFF
    end = min(len(content), start + random.choice((512, 4_096, 65_536, len(content))))
    content[start:end] = bytes(end - start)


def scramble(random: Random, content: bytearray) -> None:
    """Fill a stretch with noise."""
    start = random.randrange(len(content))
    end = min(len(content), start + random.choice((4, 64, 4_096, 65_536)))
    content[start:end] = random.randbytes(end - start)


def move(random: Random, content: bytearray) -> None:
    """Copy a stretch to another place."""
    length = random.randint(1, max(1, min(65_536, len(content) // 4)))
    origin, target = (random.randrange(len(content) - length + 1) for _ in range(2))
    content[target : target + length] = content[origin : origin + length]


def insert(random: Random, content: bytearray) -> None:
    """Shift the rest of the file by some bytes."""
    at = random.randrange(len(content))
    content[at:at] = random.randbytes(random.randint(1, 64))


def swap_tags(random: Random, content: bytearray) -> None:
    """Exchange the values of two tags, or say a senseless number, type or length in one of them."""
    places = list(tag_places(content))
    if not places:
        scramble(random, content)
        return
    for _ in range(random.choice((1, 1, 2, 4))):
        one, other = random.choice(places), random.choice(places)
        match random.randrange(4):
            case 0:
                one_value, other_value = content[one + 2 : one + 12], content[other + 2 : other + 12]
                content[one + 2 : one + 12], content[other + 2 : other + 12] = other_value, one_value
            case 1:
                content[one + 8 : one + 12] = random.choice(EXTREMES)
            case 2:
                content[one + 4 : one + 8] = random.choice(EXTREMES)
            case _:
                content[one + 2 : one + 4] = struct.pack("<H", random.randrange(16))


EXTREMES: Final = tuple(
    struct.pack("<I", number)
    for number in (0, 1, 2, 3, 7, 255, 256, 65_535, 65_536, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
)

DAMAGES: Final[Sequence[Damage]] = (
    *(flip_bits, flip_bits_of_head, cut, cut_a_little, zero, scramble, move, insert),
    *(swap_tags, swap_tags, swap_tags),
)


def tag_places(content: bytes | bytearray) -> Iterator[int]:
    """Yield where the entries of a little-endian TIFF's folders stand, as far as they can be followed."""
    waiting, seen = [4], set[int]()
    while waiting and len(seen) < 64:
        link = waiting.pop()
        at = _number(content, link, 4)
        if at in seen or not 8 <= at < len(content) - 2:
            continue
        seen.add(at)
        count = min(_number(content, at, 2), 200)
        for place in range(at + 2, min(at + 2 + 12 * count, len(content) - 12), 12):
            yield place
            if _number(content, place, 2) in {330, 34_665, 34_853}:
                waiting.append(place + 8)
        waiting.append(at + 2 + 12 * count)


def _number(content: bytes | bytearray, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "little")


def generated(folder: Path) -> list[Path]:
    """Write small files of each kind of sensor."""
    return [
        make_dng(folder / "bayer.dng"),
        make_dng(folder / "odd.dng", width=97, height=61, sensor=Sensor(cell="GBRG", black=0)),
        make_dng(folder / "linear.dng", layout=Layout.LINEAR),
        make_dng(folder / "xtrans.dng", width=516, height=516, sensor=Sensor(cell=XTRANS_CELL)),
    ]


def camera_files() -> list[Path]:
    """Return the real files of moderate size, the bad ones too."""
    folder = raws()
    found = [] if folder is None else [*folder.iterdir(), *(folder / "bad").iterdir()]
    return sorted(
        path
        for path in found
        if path.suffix != ".md" and path.is_file() and path.stat().st_size <= LARGEST_BYTES
    )


def damaged(origins: Sequence[Path], *, seed: int, number: int) -> Case:
    """Return the case of this number."""
    random = Random(f"{seed} {number}")  # noqa: S311 - which must be the same in each run
    origin = random.choice(origins)
    content = bytearray(origin.read_bytes())
    damages = random.choices(DAMAGES, k=random.choice((0, 0, 1, 1, 1, 2, 3)))
    for damage in damages:
        if content:
            damage(random, content)
    return Case(
        number=number,
        origin=origin.name,
        damages=tuple(damage.__name__ for damage in damages),
        content=bytes(content),
        look=random.choice((_nothing, _nothing, sensible, odd))(random),
        recipe=random.choice(RECIPES),
    )


def _nothing(_random: Random) -> JsonObject:
    return {}


async def run_cases(cases: Iterator[Case], folder: Path, *, keep: Path | None = None) -> Tally:
    """Develop each case in `folder` and return what became of them; `keep` receives the files in trouble."""
    tally = Tally()
    before = workers()
    async with LocalExecutor(ExecutorOptions(worker=WorkerSettings(log_level="critical"))) as executor:
        for case in cases:
            told = len(tally.shown) + len(tally.wrong)
            await _run(case, executor, folder, tally)
            if keep is not None and told < len(tally.shown) + len(tally.wrong):
                await anyio.Path(keep, f"{case.number}-{case.origin}").write_bytes(case.content)
            # One is at work, one may be on its way out.
            if len(workers() - before) > 2:
                tally.wrong.append(f"There are too many workers after {case}.")
    if workers() - before:
        tally.wrong.append("A worker is left.")
    return tally


async def _run(case: Case, executor: LocalExecutor, folder: Path, tally: Tally) -> None:
    source, part = folder / f"case{Path(case.origin).suffix}", folder / ".case.part"
    source.write_bytes(case.content)
    try:
        request = msgspec.structs.replace(
            make_develop(source, fence=case.number),
            targets=(Target(recipe=case.recipe, part=os.fsencode(part)),),
            adjustments=case.look,
        )
        answer = await executor.develop(request, deadline_seconds=DEADLINE_SECONDS, on_stage=_ignore)
        match answer:
            case Developed():
                tally.outcomes["developed"] += 1
                problem = _fault_of_picture(part, answer, case)
            case Refused():
                tally.outcomes[answer.failure.code] += 1
                problem = _fault_of_failure(answer.failure, part)
                if answer.failure.code in TROUBLE:
                    tally.shown.append(f"{case}: {answer.failure.code} {answer.failure.context}")
        if problem is not None:
            tally.wrong.append(f"{case}: {problem}")
    finally:
        part.unlink(missing_ok=True)


def _ignore(_stage: Stage) -> None:
    pass


def _fault_of_picture(part: Path, answer: Developed, case: Case) -> str | None:
    """Return what is wrong with a picture that counts as developed."""
    with Image.open(io.BytesIO(part.read_bytes())) as picture:
        picture.load()
        if case.recipe.resize is None and picture.size != (answer.width, answer.height):
            return f"the picture has {picture.size} pixels, not {(answer.width, answer.height)}"
        channels = picture.getextrema()
    if not case.look and all(lowest == highest for lowest, highest in channels):
        return f"the picture has one colour: {channels}"
    return None


def _fault_of_failure(failure: Failure, part: Path) -> str | None:
    if part.exists():
        return f"{failure.code} left a part file"
    return None if failure.message.endswith(".") else f"{failure.code} says nothing"


def workers() -> set[str]:
    """Return the worker processes that belong to this process."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {pid for pid in listed if b"darkroomd.imaging" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def main(arguments: argparse.Namespace) -> int:
    """Run the cases, print the tally, and return 1 where something was wrong."""
    logs.configure(logs.LogFormat.CONSOLE, "critical")
    structlog.contextvars.clear_contextvars()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        origins = [*generated(folder), *camera_files()]
        numbers = range(arguments.first, arguments.first + arguments.count)
        cases = (damaged(origins, seed=arguments.seed, number=number) for number in numbers)
        tally = anyio.run(lambda: run_cases(cases, folder, keep=arguments.keep))
    for code, times in tally.outcomes.most_common():
        sys.stdout.write(f"{times:6} {code}\n")
    for line in tally.shown:
        sys.stdout.write(f"look at {line}\n")
    for line in tally.wrong:
        sys.stdout.write(f"WRONG {line}\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for the files in trouble")
    sys.exit(main(parser.parse_args()))
