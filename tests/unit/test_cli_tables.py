from __future__ import annotations

import pytest

from darkroom.cli.tables import Cell, Column, Tone, facts, table

COLUMNS = (Column("PHOTO", elastic=True), Column("MB", right=True), Column("RESULT"))


def marked(text: str, tone: Tone) -> str:
    return f"<{tone.name}:{text}>"


def test_columns_stand_below_their_titles() -> None:
    rows = [
        (Cell("IMG_1.NEF"), Cell("31.2"), Cell("fine")),
        (Cell("婚礼.NEF"), Cell("9.0"), Cell("")),
    ]

    lines = table(COLUMNS, rows, width=None)

    assert lines == [
        "PHOTO        MB  RESULT",
        "IMG_1.NEF  31.2  fine",
        "婚礼.NEF    9.0",
    ]


def test_a_table_without_rows_is_nothing() -> None:
    assert table(COLUMNS, [], width=80) == []


@pytest.mark.parametrize(
    ("width", "name"),
    [
        pytest.param(None, "a-very-long-name-0001.NEF", id="no-terminal"),
        pytest.param(80, "a-very-long-name-0001.NEF", id="room-enough"),
        pytest.param(26, "a-very-…01.NEF", id="narrow"),
        pytest.param(1, "a-ve…NEF", id="narrower-than-anything"),
    ],
)
def test_an_elastic_column_gives_way_to_the_width(width: int | None, name: str) -> None:
    rows = [(Cell("a-very-long-name-0001.NEF"), Cell("31"), Cell("fine"))]

    lines = table(COLUMNS, rows, width=width)

    assert lines[1].split() == [name, "31", "fine"]


def test_the_last_column_is_shown_in_whole_on_any_terminal() -> None:
    reason = "raw.truncated: The file ends early; copy it again."

    lines = table(COLUMNS, [(Cell("IMG_1.NEF"), Cell("31"), Cell(reason))], width=20)

    assert lines[1].endswith(reason)


def test_a_long_reason_in_the_last_column_costs_no_name_a_letter() -> None:
    row = (Cell("a-very-long-name-0001.NEF"), Cell("31"), Cell("word " * 40))

    lines = table(COLUMNS, [row], width=80)

    assert lines[1].startswith("a-very-long-name-0001.NEF  31  word")


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    lines = table(COLUMNS, [(Cell("IMG\n1.NEF"), Cell("31"), Cell("\x1b[2J"))], width=80)

    assert lines[1] == "IMG\\n1.NEF  31  \\x1b[2J"


def test_paint_does_not_move_the_columns() -> None:
    lines = table(COLUMNS, [(Cell("a", Tone.GOOD), Cell("1"), Cell("b", Tone.BAD))], width=80, paint=marked)

    assert lines[1] == "<GOOD:a>       <PLAIN:1>  <BAD:b>"


def test_facts_stand_below_each_other_and_leave_out_what_is_not_known() -> None:
    lines = facts([("state", Cell("failed")), ("preset", Cell("")), ("correlation\n", Cell("c\n1"))])

    assert lines == ["state          failed", "correlation\\n  c\\n1"]
