"""What the docstring of a type says of it and of each of its attributes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_ENTRY: Final = re.compile(r"    (?P<names>\w+(?:, \w+)*): (?P<text>\S.*)")


@cache
def purpose_of(documented: type) -> str:
    """Return what stands before the attributes, each paragraph in a line; empty without a docstring."""
    before = (inspect.getdoc(documented) or "").partition("\nAttributes:\n")[0]
    return "\n".join(" ".join(paragraph.split()) for paragraph in before.strip().split("\n\n"))


@cache
def attribute_texts(documented: type) -> Mapping[str, str]:
    """Return the text of each attribute by its name, in one line; names with a comma between share one.

    Of attributes without a text, and of types without a docstring, nothing is said.
    """
    texts: dict[str, str] = {}
    names: list[str] = []
    section = (inspect.getdoc(documented) or "").partition("\nAttributes:\n")[2]
    for line in re.split(r"\n(?=\S)", section, maxsplit=1)[0].splitlines():
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            names = entry["names"].split(", ")
            texts |= dict.fromkeys(names, entry["text"])
        elif not line.startswith("     "):
            names = []
        else:
            texts |= {name: f"{texts[name]} {line.strip()}" for name in names}
    return texts
