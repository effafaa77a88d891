"""The page of `darkroom top`."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli.top import View, page
from darkroom.protocol.types import JobState, Session

VIEW = View(
    sent.summary(),
    sent.item(),
    [sent.session()],
    [sent.job(number, state=JobState.QUEUED) for number in (8, 9)],
)
TOLD = [f"12:00:{number:02}  developed" for number in range(60)]


def lines(view: View = VIEW, *, columns: int = 100, rows: int = 24, told: Sequence[str] = TOLD) -> list[str]:
    size = os.terminal_size((columns, rows))
    return page(view, progress="[##--] 3 of 6", told=told, size=size)


def test_a_page_tells_what_runs_what_waits_and_what_was() -> None:
    shown = lines()

    assert shown[0] == "Developing IMG_1.NEF, 3 of 10 done."
    assert "developing  /photos/Wedding/Raw/IMG_1.NEF (encode)" in shown
    assert "progress    [##--] 3 of 6" in shown
    assert [line.split()[0] for line in shown if "queued" in line] == ["8", "9"]
    assert shown[shown.index("RECENTLY") + 1] == TOLD[0]
    assert len(shown) == 24


@pytest.mark.parametrize("rows", [1, 2, 5, 10, 11, 12, 40])
def test_a_page_is_never_longer_than_the_window(rows: int) -> None:
    assert len(lines(rows=rows)) <= rows


def test_where_nothing_was_told_nothing_stands_below() -> None:
    assert "RECENTLY" not in lines(told=[])


def named(name: str, *, pending: int, changed: int) -> Session:
    return replace(sent.session(name), pending_count=pending, changed_at_usec=changed)


def test_of_many_sessions_the_liveliest_are_shown() -> None:
    idle = [named(f"Old-{number}", pending=0, changed=number) for number in range(50)]
    sessions = [*idle, named("Busy", pending=7, changed=0)]

    shown = lines(VIEW._replace(sessions=sessions), rows=24)

    names = [line.split()[0] for line in shown if "/photos/" in line and "Raw" not in line]
    assert names == ["Busy", "Old-49", "Old-48", "Old-47", "Old-46", "Old-45"]
