"""Prints the manual page `man/darkroomd.toml.5` from the types that hold the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import FieldInfo, fields

from darkroomd.config import Config
from darkroomd.core.attribute_texts import attribute_texts, purpose_of
from darkroomd.core.toml_text import as_toml
from darkroomd.core.value_kinds import kind_of, tables_in

PAGE: Final = Path(__file__).parents[1] / "man" / "darkroomd.toml.5"

_HEAD: Final = r""".\" Printed from the types of the configuration; changes belong there.
.TH DARKROOMD.TOML 5 "" "darkroomd" "File Formats"
.SH NAME
darkroomd.toml \- configuration of darkroomd
.SH SYNOPSIS
.I /etc/darkroomd/config.toml
.br
.I ~/.config/darkroomd/config.toml
.SH DESCRIPTION
TOML. Every key has a default. The user's file counts over that of the machine, and
.B darkroomd \-\-set
over both, key by key; arrays and [[recipe]] are replaced whole.
.B darkroomd \-\-print\-config
prints what is in force,
.B darkroomd \-\-check\-config
says what is wrong.
"""
_TAIL: Final = ".SH SEE ALSO\n.BR darkroomd (8),\n.BR darkroom (1)\n"


def page() -> str:
    """Return the manual page of the configuration, in roff's `man` macros."""
    return _HEAD + "".join(f"{line}\n" for line in _table(Config, "", "KEYS OUTSIDE OF TABLES")) + _TAIL


def _table(struct: type[msgspec.Struct], name: str, heading: str) -> Iterator[str]:
    texts = attribute_texts(struct)
    plain = [field for field in fields(struct) if tables_in(field.type) is None]
    if plain:
        yield f'.SH "{_text(heading)}"'
        yield from [_text(purpose_of(struct))] if name else []
    for field in plain:
        yield from (".TP", f"\\fB{_text(field.encode_name)}\\fR{_default(field)}")
        yield _text(f"{texts[field.name]} It is {kind_of(field.type)}.")
    for field in fields(struct):
        tables = tables_in(field.type)
        if tables is not None:
            inner = f"{name}.{field.encode_name}" if name else field.encode_name
            yield from _table(tables.struct, inner, f"[[{inner}]]" if tables.several else f"[{inner}]")


def _default(field: FieldInfo) -> str:
    has_value = field.default is not None and not field.required
    return f" = {_text(as_toml(field.default))}" if has_value else ""


def _text(text: str) -> str:
    """Return text that roff prints as it stands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("`", "\\(ga")
    escaped = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
