"""SQL as SQL: named statements from the files beside this package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_statements() -> Mapping[str, str]:
    """Return every statement of `sql/*.sql` by name; each name stands once."""
    statements: dict[str, str] = {}
    for text in _texts("sql"):
        _, *parts = _NAME.split(text)
        for name, statement in zip(parts[::2], parts[1::2], strict=True):
            if name in statements:
                raise ValueError(f"The statement {name} stands twice.")
            statements[name] = statement.strip()
    return statements


def load_migrations() -> tuple[str, ...]:
    """Return the migrations in order; the first brings an empty database to schema 1."""
    return tuple(_texts("migrations"))


def _texts(folder: str) -> Iterator[str]:
    files = resources.files("darkroomd.store").joinpath(folder).iterdir()
    for file in sorted(files, key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield file.read_text(encoding="utf-8")
