"""Prints the states of items and jobs into `docs/queue.md`, from the tables of the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from darkroomd.core.state_diagram import with_diagrams

PAGE: Final = Path(__file__).parents[1] / "docs" / "queue.md"

if __name__ == "__main__":
    PAGE.write_text(with_diagrams(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
