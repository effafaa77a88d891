"""The whole configuration as TOML: what is set as it is, every default commented out, each with its text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias, cast

import msgspec
from msgspec.structs import FieldInfo, fields

from darkroomd.config import Config
from darkroomd.core.attribute_texts import attribute_texts, purpose_of
from darkroomd.core.layers import KeyPath, holds
from darkroomd.core.toml_text import as_toml, dotted, printable
from darkroomd.core.value_kinds import kind_of, tables_in
from darkroomd.settings import Settings

WIDTH: Final = 100

IsSet: TypeAlias = Callable[[KeyPath], bool]
"""Tells whether somebody set a key, if only to its default."""


def configuration_lines(settings: Settings) -> Iterator[str]:
    """Yield the configuration in force, with folders and levels of the command line.

    Read as the only file, it means the same; names that TOML cannot hold are in comments alone.
    """
    yield "# The configuration of darkroomd that is in force. Later ones of these count over those before:"
    yield from (f"#   {printable(layer.source)}" for layer in settings.layers)
    yield "#   the command line"
    yield from _prose("What stands behind a # without a space has its default.")
    yield f"# Socket: {printable(str(settings.socket))}"
    yield f"# State: {printable(str(settings.state))}"
    for folder in _without_name(settings):
        yield f"# Watched as well, by a name that TOML cannot hold: {printable(str(folder))}"
    yield ""

    def is_set(path: KeyPath) -> bool:
        return any(holds(layer.document, path) for layer in settings.layers)

    yield from document_lines(_in_force(settings), is_set)


def document_lines(config: Config, is_set: IsSet = lambda _: False) -> Iterator[str]:
    """Yield a configuration as a document that says the same."""
    yield from _table(config, (), is_set)


def _in_force(settings: Settings) -> Config:
    levels = settings.levels
    parts = settings.config.log.levels.__struct_fields__
    by_part = {part: levels.by_component.get(part) for part in parts}
    return msgspec.structs.replace(
        settings.config,
        roots=tuple(map(str, filter(_has_name, settings.roots))),
        sessions=tuple(map(str, filter(_has_name, settings.sessions))),
        log=msgspec.convert({"level": levels.general, "levels": by_part}, type(settings.config.log)),
    )


def _without_name(settings: Settings) -> Iterator[Path]:
    return (folder for folder in (*settings.roots, *settings.sessions) if not _has_name(folder))


def _has_name(folder: Path) -> bool:
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return False
    return True


def _table(table: msgspec.Struct, at: KeyPath, is_set: IsSet) -> Iterator[str]:
    """Yield the keys of a table, then the tables inside it."""
    texts = attribute_texts(type(table))
    plain = [field for field in fields(table) if tables_in(field.type) is None]
    # Keys that share a text stand below it together.
    for text, group in groupby(plain, key=lambda field: texts.get(field.name, "")):
        keys = list(group)
        yield from _prose(" ".join(filter(None, (text, _kinds(keys)))))
        for field in keys:
            yield _key(field, getattr(table, field.name), is_set=is_set((*at, field.encode_name)))
        yield ""
    for field in fields(table):
        if tables_in(field.type) is not None:
            yield from _tables(field, getattr(table, field.name), (*at, field.encode_name), is_set)


def _tables(field: FieldInfo, value: object, at: KeyPath, is_set: IsSet) -> Iterator[str]:
    """Yield a table, an array of them, or, all of it as a comment, one that is not there."""
    tables = tables_in(field.type)
    assert tables is not None
    inner = tables.struct
    yield from _prose(purpose_of(inner))
    name = ".".join(dotted((part,)) for part in at if isinstance(part, str))
    if value is None:
        yield f"#[{name}]"
        yield from _prose_of_absent(inner)
    elif isinstance(value, msgspec.Struct):
        yield f"[{name}]"
        yield from _table(value, at, is_set)
    else:
        for number, element in enumerate(cast("Sequence[msgspec.Struct]", value)):
            yield f"[[{name}]]"
            yield from _table(element, (*at, number), is_set)


def _prose_of_absent(struct: type[msgspec.Struct]) -> Iterator[str]:
    texts = attribute_texts(struct)
    for field in fields(struct):
        yield from _prose(" ".join((texts.get(field.name, ""), _kinds([field]))))
        yield _commented(field)
    yield ""


def _kinds(keys: Sequence[FieldInfo]) -> str:
    """Return what the values of keys may be, as sentences."""
    kinds = [kind_of(field.type) for field in keys]
    if len(keys) == 1:
        return f"{kinds[0][:1].upper()}{kinds[0][1:]}."
    return " ".join(f"{field.encode_name}: {kind}." for field, kind in zip(keys, kinds, strict=True))


def _key(field: FieldInfo, value: object, *, is_set: bool) -> str:
    if value is None or (value == field.default and not is_set):
        return _commented(field)
    return f"{field.encode_name} = {as_toml(value)}"


def _commented(field: FieldInfo) -> str:
    has_value = field.default is not None and not field.required
    return f"#{field.encode_name} = {as_toml(field.default)}" if has_value else f"#{field.encode_name} ="


def _prose(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        lines = textwrap.wrap(paragraph, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
        yield from (f"# {line}" for line in lines)
