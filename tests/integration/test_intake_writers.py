"""Each writer does in half a second what people's programs do in minutes; all of them run at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from intake_house import House, at_work

QUIET_SECONDS = 0.15
SIZE = 200_000

WRITERS: Mapping[str, str] = {
    "copied": "path.write_bytes(data)",
    "written-in-pieces": """
with path.open("wb") as file:
    for _ in range(10):
        file.write(data[: SIZE // 10]); file.flush(); time.sleep(0.04)
""",
    "stalled-with-the-file-open": """
with path.open("wb") as file:
    file.write(data[: SIZE // 2]); file.flush(); time.sleep(0.5); file.write(data[SIZE // 2 :])
""",
    "preallocated-then-filled": """
with path.open("wb") as file:
    file.truncate(SIZE); time.sleep(0.4); file.write(data)
""",
    "written-through-a-map": """
with path.open("w+b") as file:
    file.truncate(SIZE)
    with mmap.mmap(file.fileno(), SIZE) as view:
        time.sleep(0.2); view[: SIZE // 2] = data[: SIZE // 2]; time.sleep(0.3); view[:] = data
""",
    "renamed-from-a-temporary-name": """
part = path.with_name(path.name + ".part")
with part.open("wb") as file:
    file.write(data[: SIZE // 2]); file.flush(); time.sleep(0.4); file.write(data[SIZE // 2 :])
part.rename(path)
""",
    "renamed-from-another-folder": """
part = path.parent.parent.parent / path.name
part.write_bytes(data); time.sleep(0.05); part.rename(path)
""",
    "as-rsync-does": """
part = path.with_name("." + path.name + ".Xy12Zz")
with part.open("wb") as file:
    file.write(data[: SIZE // 2]); file.flush(); time.sleep(0.3); file.write(data[SIZE // 2 :])
os.utime(part, (1e9, 1e9)); part.rename(path)
""",
    "copied-then-times-reset": "path.write_bytes(data); os.utime(path, (1e9, 1e9))",
    "linked-while-the-other-name-is-written": """
other = path.parent.parent / "other"
with other.open("wb") as file:
    file.write(data[: SIZE // 2]); file.flush(); os.link(other, path); time.sleep(0.4)
    file.write(data[SIZE // 2 :])
""",
    "empty-then-filled-later": "path.touch(); time.sleep(0.5); path.write_bytes(data)",
    "closed-and-appended-soon": """
path.write_bytes(data[: SIZE // 2]); time.sleep(0.03)
with path.open("ab") as file:
    file.write(data[SIZE // 2 :])
""",
    "replaced-by-deleting-first": """
path.write_bytes(b"x"); path.unlink(); path.write_bytes(data)
""",
}

HEAD = f"""
import mmap, os, pathlib, sys, time
SIZE = {SIZE}; data = b"x" * SIZE; path = pathlib.Path(sys.argv[1])
"""


@dataclass(frozen=True)
class Life:
    """What became of one writer's file: the sizes it was handed over with, and how long after its end."""

    sizes: tuple[int, ...]
    arriving: int


def run_writers(raw: Path) -> None:
    with ExitStack() as stack:
        children = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", HEAD + program, raw / f"{name}.nef"]))
            for name, program in WRITERS.items()
        ]
    assert [child.returncode for child in children] == [0] * len(children)


async def follow_writers(folder: Path) -> dict[str, Life]:
    session = folder / "session"
    (session / "Raw").mkdir(parents=True)
    async with at_work(folder, sessions=[session], quiet_seconds=QUIET_SECONDS) as house:
        await house.until_watched(session)
        await to_thread.run_sync(run_writers, session / "Raw")
        for name in WRITERS:
            await house.until(lambda name=name: SIZE in sizes(house, name))  # type: ignore[misc]  # its own name each
        return {
            name: Life(sizes(house, name), len(house.of("photo.arriving", f"{name}.nef"))) for name in WRITERS
        }


def sizes(house: House, name: str) -> tuple[int, ...]:
    return tuple(
        one.photo.fingerprint.size_bytes
        for kind in ("photo.added", "photo.changed")
        for one in house.of(kind, f"{name}.nef")
        if one.photo is not None
    )


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Life]:
    return anyio.run(follow_writers, tmp_path_factory.mktemp("writers"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open for writing")
@pytest.mark.parametrize("name", WRITERS)
def test_a_photo_is_handed_over_once_and_whole(lives: dict[str, Life], name: str) -> None:
    life = lives[name]

    assert life.sizes == (SIZE,)
    assert life.arriving == 1
