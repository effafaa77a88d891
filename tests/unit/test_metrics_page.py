from __future__ import annotations

import re

from darkroomd.core.gate import INHIBITED, OUTSIDE_SCHEDULE, PAUSED
from darkroomd.core.metrics import METRICS
from print_metrics import PAGE, page

TEXT = PAGE.read_text(encoding="utf-8")
SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created", "")


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    assert page(TEXT) == TEXT, "Run tests/print_metrics.py."


def test_alerts_and_queries_name_metrics_that_there_are() -> None:
    there = {family.name + suffix for family in METRICS for suffix in SUFFIXES}

    assert set(re.findall(r"\bdarkroomd_[a-z_]+", TEXT)) <= there


def test_what_somebody_wants_to_wait_for_raises_no_alarm() -> None:
    assert f'reason!~"{PAUSED}|{INHIBITED}|{OUTSIDE_SCHEDULE}"' in TEXT
