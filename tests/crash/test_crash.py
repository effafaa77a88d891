"""The daemon killed before every effect it has on the disk, started again, and held to its promises."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crash.nursery import Nursery, nursery
from make import make_dng
from running import QUICK, Daemon

MOST_EFFECTS = 140

TWO_RECIPES = f"""
[[recipe]]
[[recipe]]
name = "web"
folder = "Web"
format = "webp"
{QUICK}"""


@dataclass(frozen=True)
class Aftermath:
    """What a killed daemon left, and what the next one made of it."""

    effect: int
    published: list[bytes | None]
    again: Daemon
    outputs: list[str]
    pictures: list[bytes]
    stray: list[str]
    states: list[tuple[str, str]]


def start_fresh(folder: Path) -> Path:
    session = folder / "session"
    (session / "Raw").mkdir(parents=True)
    make_dng(session / "Raw" / "A.DNG")
    return session


def run_victim(victims: Nursery, folder: Path, effect: int) -> int:
    """Run until the photo is recorded and to a regular end, or to death; return how many effects it had."""
    session = folder / "session"
    with victims.daemon(folder, ["--session", str(session)], fatal=effect, config=TWO_RECIPES) as daemon:
        while (line := daemon.next_line()) is not None:
            if line.get("event") == "session_record_written" and is_recorded(session):
                daemon.stop()
        daemon.ended()
    return int((folder / "effects").read_text() or 0)


def is_recorded(session: Path) -> bool:
    try:
        document = json.loads((session / "boothy.session.json").read_bytes())
    except FileNotFoundError:
        return False
    return [photo["backgroundExportCompleted"] for photo in document["photos"]] == [True]


def finals_of(session: Path) -> list[Path]:
    return [session / "Jpg" / "A.jpg", session / "Web" / "A.webp"]


def aftermath(victims: Nursery, heirs: Nursery, folder: Path, effect: int) -> Aftermath:
    session = start_fresh(folder)
    run_victim(victims, folder, effect)
    finals = finals_of(session)
    published = [final.read_bytes() if final.exists() else None for final in finals]
    with heirs.daemon(folder, ["--session", str(session)], config=TWO_RECIPES) as again:
        again.wait_for("ready")
        while not is_recorded(session):
            again.wait_for("session_record_written")
        again.stop()
    with closing(sqlite3.connect(folder / "state" / "queue.db")) as database:
        states = database.execute(
            "SELECT photo.state, item.state FROM photo LEFT JOIN item ON item.photo_id = photo.id"
        ).fetchall()
    names = sorted(path.name for final in finals for path in final.parent.iterdir())
    everything = [path.name for path in [*session.rglob("*"), *folder.glob("*")]]
    stray = [name for name in everything if name.endswith((".part", ".bak", ".sock", ".tmp"))]
    return Aftermath(effect, published, again, names, [final.read_bytes() for final in finals], stray, states)


def test_killed_before_any_effect_nothing_is_lost_doubled_or_left_over(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    start_fresh(tmp_path / "whole")
    with nursery() as victims:
        effects = run_victim(victims, tmp_path / "whole", 0)
    assert 20 < effects < MOST_EFFECTS
    expected = [final.read_bytes() for final in finals_of(tmp_path / "whole" / "session")]
    for effect in range(1, effects + 1):
        (tmp_path / str(effect)).mkdir()

    def every_second(start: int) -> list[Aftermath]:
        # Part files have the same numbers in daemons of one nursery, and others in those of another one.
        with nursery() as victims, nursery() as heirs:
            numbers = range(start, effects + 1, 2)
            return [aftermath(victims, heirs, tmp_path / str(number), number) for number in numbers]

    with ThreadPoolExecutor(2) as pool:
        ends = [end for half in pool.map(every_second, (1, 2)) for end in half]

    for end in ends:
        assert end.outputs == ["A.jpg", "A.webp"], end
        assert end.pictures == expected, end
        assert end.stray == [], end
        assert end.states == [("developed", "completed")], end
        assert all(
            picture in {None, whole} for picture, whole in zip(end.published, expected, strict=True)
        ), end
    developed_twice = [
        end.effect
        for end in ends
        if any(end.published) and "development_started" in [line.get("event") for line in end.again.lines]
    ]
    assert developed_twice == []
