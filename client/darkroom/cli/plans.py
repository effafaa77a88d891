"""What would be done, and why: what the daemon writes down of a plan in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from darkroom.cli import outcomes, words
from darkroom.cli.reckoning import LeftOut, not_in_it
from darkroom.cli.tables import Cell, Column, Paint, Tone, table, unpainted
from darkroom.cli.text import printable
from darkroom.protocol.types import LogLine

_COLUMNS: Final = (Column("PHOTO", elastic=True), Column("WHAT"), Column("WHY"))

_OUT_OF_REACH: Final = "That folder is not there, or cannot be asked: it waits until it can be."

_UP_TO_DATE: Final = "up_to_date"
_WHY: Final = {
    _UP_TO_DATE: "it is developed and up to date",
    "never_developed": "it is not developed yet",
    "output_missing": "its output is gone, or no picture any more",
    "output_renamed": "its output is to have another name",
    "raw_changed": "its RAW file has changed",
    "raw_missing": "its RAW file is missing: it would fail",
    "look_changed": "its settings have changed",
    "recipe_changed": "the recipe has changed",
    "pipeline_changed": "this version develops it differently",
    "altered": "somebody else has changed its output",
    "failed_before": "it failed before",
    "forced": "it is developed anew",
    "untold": "the disk does not tell what has become of its files",
}


def export_table(lines: Iterable[LogLine], *, width: int | None, paint: Paint = unpainted) -> list[str]:
    """Return a line per photo that an export would have: whether it would be developed, and why."""
    told = list(lines)
    several = len({recipe for line in told for recipe in _recipes(line)}) > 1
    rows = [_export_row(line, with_recipes=several) for line in told]
    return table(_COLUMNS, rows, width=width, paint=paint)


def export_planned(lines: Sequence[LogLine], *, session: str) -> list[str]:
    """Return in a sentence how many photos of a session would be developed."""
    if not lines:
        return [printable(f"There is nothing to develop in {session}.")]
    due = sum(not _is_up_to_date(line) for line in lines)
    return [f"{due} of {outcomes.photos(len(lines))} would be developed. Nothing was started."]


def archive_place(facts: Mapping[str, Any]) -> str:
    """Return where an archive goes, and how much of the room there it takes, as far as that is known."""
    needed, free = facts.get("bytes_needed"), facts.get("bytes_free")
    room = [
        f"about {words.size(needed)}" if isinstance(needed, int) else "",
        f"{words.size(free)} free" if isinstance(free, int) else "",
    ]
    told = ", ".join(filter(None, room))
    return printable(f"{facts.get('destination', '')}{f' ({told})' if told else ''}")


def archive_planned(facts: Mapping[str, Any]) -> list[str]:
    """Return in sentences what would be archived, and what is in its way."""
    count = facts.get("photos")
    photos = outcomes.photos(count) if isinstance(count, int) else "photos"
    return [
        f"{photos} would be archived in {archive_place(facts)}. Nothing was started.",
        *archive_notes(facts),
        *left_out_of_archive(facts),
    ]


def left_out_of_archive(facts: Mapping[str, Any]) -> list[str]:
    """Return which photos an archive leaves out because they are not finished; nothing if it is refused."""
    left_out = "" if is_refused(facts) else _unfinished(facts)
    return [f"Left out: {left_out}."] if left_out else []


def is_refused(facts: Mapping[str, Any]) -> bool:
    """Tell whether nothing is archived as long as some photos are not finished."""
    return facts.get("refused") is True


def unfinished_count(facts: Mapping[str, Any]) -> int:
    """Return how many photos are not finished."""
    count = facts.get("unfinished")
    return count if isinstance(count, int) else 0


def unfinished_photos(facts: Mapping[str, Any]) -> list[str]:
    """Return the names of the first photos that are not finished."""
    names = facts.get("unfinished_photos")
    return list(map(str, cast("list[object]", names))) if isinstance(names, list) else []


def archive_notes(facts: Mapping[str, Any]) -> list[str]:
    """Return that there is not enough room, and that photos still arrive, where that is known."""
    needed, free, arriving = (facts.get(name) for name in ("bytes_needed", "bytes_free", "arriving"))
    lacks = isinstance(needed, int) and isinstance(free, int) and needed > free
    return [
        *(["There is not enough room for all of it: it waits until there is."] if lacks else []),
        *([_OUT_OF_REACH] if isinstance(needed, int) and "bytes_free" in facts and free is None else []),
        *(not_in_it(LeftOut(arriving=arriving)) if isinstance(arriving, int) else []),
    ]


def _unfinished(facts: Mapping[str, Any]) -> str:
    names = unfinished_photos(facts)
    more = unfinished_count(facts) - len(names)
    return printable(f"{', '.join(names)}{f' and {more} more' if more > 0 else ''}")


def _export_row(line: LogLine, *, with_recipes: bool) -> Sequence[Cell]:
    skipped = _is_up_to_date(line)
    what = "skip" if skipped else " ".join(("develop", ", ".join(_recipes(line)) if with_recipes else ""))
    reason = str(line.fields.get("reason", ""))
    return (
        Cell(str(line.fields.get("raw", "")).rpartition("/")[2], Tone.STRONG),
        Cell(what.rstrip(), Tone.FAINT if skipped else Tone.BUSY),
        Cell(_WHY.get(reason, reason)),
    )


def _recipes(line: LogLine) -> list[str]:
    recipes = line.fields.get("recipes")
    return list(map(str, cast("list[object]", recipes))) if isinstance(recipes, list) else []


def _is_up_to_date(line: LogLine) -> bool:
    return line.fields.get("reason") == _UP_TO_DATE
