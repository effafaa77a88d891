"""Preset files: one preset of ours, RapidRAW's list of presets and folders, or a shared `.rrpreset`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from darkroomd.core.adjustment_keys import without_notes
from darkroomd.core.json_values import (
    Broken,
    Json,
    JsonObject,
    as_list,
    as_object,
    as_text,
    decode_containers,
)
from darkroomd.core.presets import BUILTIN_PRESETS, Preset

PRESET_SUFFIXES: Final = (".json", ".rrpreset")
"""How preset files end."""

LONGEST_ID: Final = 128
"""Characters of an id; a longer one is nothing to type."""

LONGEST_TEXT: Final = 1000
"""Characters of a name or description that are kept."""

LARGEST_PRESET_BYTES: Final = 64 << 10
"""Adjustments beyond this size, as JSON, are masks and pictures rather than a look."""

LARGEST_LIBRARY_BYTES: Final = 4 << 20
"""All presets together have to fit into one message of the protocol."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a preset file holds. Each problem is a clause without a full stop.

    `imported`: it is in another program's form, and gives way to a preset file of ours.
    """

    presets: tuple[Preset, ...]
    problems: tuple[str, ...] = ()
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """All presets by id, in the order of their names, and what is wrong with files, a sentence each."""

    presets: Mapping[str, Preset]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why an entry is no preset."""

    problem: str


def read_presets(data: bytes, *, stem: str) -> Reading:
    """Read a preset file of any of the forms; `stem` of its name stands in for an id that is missing."""
    document = decode_containers(data)
    if isinstance(document, Broken):
        return Reading((), (document.reason,))
    items = document if isinstance(document, list) else as_list(document.get("presets"))
    if items is None:
        assert isinstance(document, dict)
        found = _preset(document, fallback=stem)
        return Reading((), (found.problem,)) if isinstance(found, _Refused) else Reading((found,))
    outcomes = [
        _preset(fields, fallback=f"{stem}-{number}") for number, fields in enumerate(_leaves(items), start=1)
    ]
    presets = tuple(one for one in outcomes if isinstance(one, Preset))
    problems = [one.problem for one in outcomes if isinstance(one, _Refused)]
    if not outcomes:
        problems.append("it holds no preset")
    return Reading(presets, tuple(dict.fromkeys(problems)), imported=True)


def assemble(files: Mapping[str, Reading]) -> Library:
    """Return the built-in presets and those of files by name.

    An id is given once: a file's preset replaces the built-in one, a file of ours goes before an imported
    one, and among equals the first file by name keeps it.
    """
    chosen: dict[str, Preset] = {}
    origin: dict[str, str] = {}
    problems = [
        f"The preset file {name} cannot be used as it is: {problem}."
        for name, reading in sorted(files.items())
        for problem in reading.problems
    ]
    size_bytes = 0
    for name, reading in sorted(files.items(), key=lambda file: (file[1].imported, file[0])):
        for preset in reading.presets:
            if preset.id in origin:
                problems.append(
                    f"The preset {preset.id} of {name} is left out: {origin[preset.id]} has that id already."
                )
                continue
            size_bytes += _size_bytes(preset)
            if size_bytes > LARGEST_LIBRARY_BYTES:
                problems.append(f"The preset {preset.id} of {name} is left out: there are too many presets.")
                break
            chosen[preset.id] = preset
            origin[preset.id] = name
    presets = {**BUILTIN_PRESETS, **chosen}
    ordered = sorted(presets.values(), key=lambda preset: (preset.name.casefold(), preset.id))
    return Library({preset.id: preset for preset in ordered}, tuple(problems))


def _leaves(items: list[Json]) -> Iterator[Json]:
    """Yield what should be presets, those in folders as well; nesting is bounded by the decoder."""
    for item in items:
        fields = as_object(item) or {}
        folder = as_object(fields.get("folder"))
        if folder is not None:
            yield from _leaves(as_list(folder.get("children")) or [])
        else:
            yield fields.get("preset", item)


def _preset(value: Json, *, fallback: str) -> Preset | _Refused:
    fields = as_object(value)
    if fields is None:
        return _Refused("an entry is not a JSON object")
    adjustments = as_object(fields.get("adjustments"))
    if adjustments is None:
        return _Refused("it has no adjustments, or they are not a JSON object")
    identity = as_text(fields.get("id")) or fallback
    if len(identity) > LONGEST_ID or not identity.isprintable() or identity.strip() != identity:
        return _Refused(f"its id is not a short text of one line: {identity[:LONGEST_ID]!a}")
    preset = Preset(
        id=identity,
        name=(_line(fields, "name") or identity)[:LONGEST_TEXT],
        description=_line(fields, "description"),
        builtin=False,
        adjustments=without_notes(adjustments),
    )
    if _size_bytes(preset) > LARGEST_PRESET_BYTES:
        return _Refused(f"the preset {identity} is too large")
    return preset


def _line(fields: JsonObject, key: str) -> str | None:
    text = as_text(fields.get(key))
    return None if text is None else " ".join(text.split())[:LONGEST_TEXT] or None


def _size_bytes(preset: Preset) -> int:
    # Names count as if each letter were four bytes long.
    text = 4 * (len(preset.id) + len(preset.name) + len(preset.description or ""))
    return text + len(msgspec.json.encode(dict(preset.adjustments)))
