"""Every stable code that the source can tell of, collected from its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from darkroom.cli.arguments import EVENT_KINDS
from darkroomd.config import Config

TOP: Final = Path(__file__).parents[1]

FAMILIES: Final = (
    "archive", "config", "demo", "disk", "internal", "output", "paths", "photo", "preset", "raw", "recipe",
    "reply", "service", "session", "sidecar", "socket", "state", "system", "worker",
)  # fmt: skip
"""What stands before the dot of a code. A text like that is a code, unless it is one of these:"""

FILES: Final = frozenset({"config.toml"})
BASE: Final = frozenset({"DarkroomError"})
"""Never raised itself."""

_DOTTED: Final = re.compile(rf"(?:{'|'.join(FAMILIES)})\.[a-z_]+", re.ASCII)


@cache
def error_codes() -> frozenset[str]:
    """Return all codes: of errors, of the failures of photos, of wait reasons, of lines in the log."""
    found = {code for tree in _trees() for node in ast.walk(tree) for code in _codes_in(node)}
    return frozenset(found) - BASE - FILES - frozenset(EVENT_KINDS) - _configuration_keys()


def _trees() -> Iterator[ast.Module]:
    for source in ("client/darkroom", "daemon/darkroomd"):
        for path in sorted((TOP / source).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _codes_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if _DOTTED.fullmatch(text):
            yield text
        case ast.ClassDef(body=body):
            yield from _assigned(body)
        case ast.keyword(arg="code", value=ast.Constant(value=str(text))):
            yield text
        case ast.AnnAssign(target=ast.Name(id="_REASONS"), value=ast.Dict(keys=keys)):
            # Why work waits, in words: of the daemon, and of the client.
            yield from (
                key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )
        case _:
            return


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(text)))
            ):
                yield text
            case _:
                continue


def _configuration_keys() -> frozenset[str]:
    config = Config()
    tables = {table: getattr(config, table) for table in Config.__struct_fields__}
    return frozenset(
        f"{table}.{key}"
        for table, section in tables.items()
        if isinstance(section, msgspec.Struct)
        for key in section.__struct_fields__
    )
