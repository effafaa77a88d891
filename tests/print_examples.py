"""Puts the programs of `docs/examples` into `docs/integrating.md`, whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "integrating.md"
EXAMPLES: Final = PAGE.with_name("examples")

_PLACE: Final = re.compile(r"<!-- example: (?P<name>\S+) -->\n.*?<!-- end -->", re.DOTALL)
_LANGUAGE: Final = {".sh": "sh", ".py": "python"}


def with_examples(page: str) -> str:
    """Return a page with each example in its place."""

    def block(place: re.Match[str]) -> str:
        name = place["name"]
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        fence = f"```{_LANGUAGE[Path(name).suffix]}\n{text}```"
        return f"<!-- example: {name} -->\n[{name}](examples/{name}):\n\n{fence}\n<!-- end -->"

    return _PLACE.sub(block, page)


def examples_in(page: str) -> list[str]:
    """Return the names of the examples that have a place in a page."""
    return [place["name"] for place in _PLACE.finditer(page)]


if __name__ == "__main__":
    PAGE.write_text(with_examples(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
