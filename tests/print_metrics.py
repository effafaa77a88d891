"""Prints the table of metrics into their page of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from darkroomd.core.metrics import METRICS
from darkroomd.core.openmetrics import Family, Kind

PAGE: Final = Path(__file__).parents[1] / "docs" / "metrics.md"
BEGIN: Final = "<!-- printed by tests/print_metrics.py -->\n"
END: Final = "<!-- end of what is printed -->\n"


def rows() -> str:
    """Return a row for each metric, under the head of the table."""
    head = "| metric | kind | labels | |\n|---|---|---|---|\n"
    return head + "".join(map(_row, METRICS))


def page(text: str) -> str:
    """Return the page with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{rows()}{END}{after}"


def _row(family: Family) -> str:
    name = f"{family.name}_total" if family.kind is Kind.COUNTER else family.name
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{name}` | {family.kind} | {labels} | {family.help} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
