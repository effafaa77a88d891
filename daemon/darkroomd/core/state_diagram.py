"""Tables of moves as pictures and lists for people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.lifecycle import ITEM_EVENTS, ITEM_MOVES, JOB_EVENTS, JOB_MOVES

State = TypeVar("State", ItemState, JobState)
Event = TypeVar("Event", bound=StrEnum)

BEGIN: Final = "<!-- {name}: printed from the tables in core/lifecycle.py -->\n"
END: Final = "<!-- end of {name} -->\n"


def diagram(moves: Mapping[State, Mapping[Event, State]], *, first: State) -> str:
    """Return the moves as a Mermaid state diagram that begins at `first`; events of one arrow share it."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(moves, first), "```", ""])


def table(moves: Mapping[State, Mapping[Event, State]], meanings: Mapping[Event, str]) -> str:
    """Return the moves as a table, a row for each event, with what it means."""
    rows: list[str] = ["| event | when | from | to |", "|---|---|---|---|"]
    for event, meaning in meanings.items():
        ways: dict[State, list[State]] = {}
        for state, row in moves.items():
            if event in row:
                ways.setdefault(row[event], []).append(state)
        for after, before in ways.items():
            rows.append(f"| `{event}` | {meaning} | {', '.join(before)} | {after} |")
    return "\n".join([*rows, ""])


def with_diagrams(page: str) -> str:
    """Return the page with what stands between its marks printed anew; raise `ValueError` if one is gone."""
    items = diagram(ITEM_MOVES, first=ItemState.QUEUED) + "\n" + table(ITEM_MOVES, ITEM_EVENTS)
    jobs = diagram(JOB_MOVES, first=JobState.QUEUED) + "\n" + table(JOB_MOVES, JOB_EVENTS)
    return _replaced(_replaced(page, "items", items), "jobs", jobs)


def _arrows(moves: Mapping[State, Mapping[Event, State]], first: State) -> Iterator[str]:
    yield f"    [*] --> {first}"
    for state, row in moves.items():
        together: dict[State, list[str]] = {}
        for event, after in row.items():
            together.setdefault(after, []).append(event)
        for after, events in together.items():
            yield f"    {state} --> {after}: {', '.join(events)}"


def _replaced(page: str, name: str, text: str) -> str:
    begin, end = BEGIN.format(name=name), END.format(name=name)
    head, _, rest = page.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"The page has no place for {name}.")
    return f"{head}{begin}\n{text}\n{end}{tail}"
