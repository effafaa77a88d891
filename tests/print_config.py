"""Prints the keys of the configuration into `docs/configuration.md`, from the types that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import FieldInfo, fields

from darkroomd.config import Config
from darkroomd.core.attribute_texts import attribute_texts, purpose_of
from darkroomd.core.reloading import AtStart, effect_of
from darkroomd.core.toml_text import as_toml
from darkroomd.core.value_kinds import Tables, kind_of, tables_in

PAGE: Final = Path(__file__).parents[1] / "docs" / "configuration.md"

_PLACE: Final = re.compile(r"<!-- keys -->\n.*?<!-- end -->", re.DOTALL)
_HEAD: Final = "| key | default | it is | |\n|---|---|---|---|"


def with_keys(page: str) -> str:
    """Return a page with all keys in their place."""
    keys = "\n".join(_table(Config, name="", heading="Outside of tables"))
    return _PLACE.sub(lambda _: f"<!-- keys -->\n{keys}\n<!-- end -->", page)


def _table(struct: type[msgspec.Struct], *, name: str, heading: str) -> Iterator[str]:
    """Yield a table of the configuration as a table of the page, then those inside it."""
    plain = [field for field in fields(struct) if tables_in(field.type) is None]
    if plain:
        texts = attribute_texts(struct)
        purpose = purpose_of(struct) if name else "At the top of the file, before the first table."
        yield from (f"### {heading}", "", purpose, "", _HEAD)
        yield from (_row(field, texts[field.name], name) for field in plain)
        yield ""
    for field in fields(struct):
        tables = tables_in(field.type)
        if tables is not None:
            inner = f"{name}.{field.encode_name}" if name else field.encode_name
            yield from _table(tables.struct, name=inner, heading=_heading(inner, tables))


def _heading(name: str, tables: Tables) -> str:
    return f"`[[{name}]]`" if tables.several else f"`[{name}]`"


def _row(field: FieldInfo, text: str, table: str) -> str:
    key = f"{table}.{field.encode_name}" if table else field.encode_name
    default = (
        "must be set" if field.required else "" if field.default is None else f"`{as_toml(field.default)}`"
    )
    # Recipes are one value: with one of them, all change.
    effect = effect_of("recipe" if table.startswith("recipe") else key)
    mark = "**¹**" if isinstance(effect, AtStart) else ""
    cells = (f"`{field.encode_name}`{mark}", default, kind_of(field.type), text)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(with_keys(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
