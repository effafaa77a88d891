from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.lifecycle import ITEM_EVENTS, ITEM_MOVES, ItemEvent
from darkroomd.core.state_diagram import diagram, table, with_diagrams
from print_states import PAGE


def test_the_page_about_the_queue_is_what_the_tables_say() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert with_diagrams(page) == page


def test_events_that_lead_the_same_way_share_an_arrow() -> None:
    lines = diagram(ITEM_MOVES, first=ItemState.QUEUED).splitlines()

    assert lines[:4] == [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> queued",
        "    queued --> running: claim",
    ]
    assert "    queued --> canceled: cancel, supersede" in lines


def test_each_event_has_a_row_that_names_where_it_leads() -> None:
    rows = table(ITEM_MOVES, ITEM_EVENTS).splitlines()

    assert len(rows) == 2 + len(ItemEvent)
    assert rows[2] == "| `claim` | work on it begins | queued | running |"


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for items"):
        with_diagrams("# The queue\n")
