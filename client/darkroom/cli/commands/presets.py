"""`darkroom presets`: which looks there are."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import msgspec

from darkroom.cli.tables import Cell, Column, Paint, Tone, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Preset

_COLUMNS = (Column("ID"), Column("NAME"), Column("FROM"), Column("DESCRIPTION", elastic=True))


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """List the presets."""
    presets = client.list_presets()
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, presets))
    else:
        screen.show(preset_table(presets, width=screen.width, paint=screen.paint))
    return EXIT_DONE


def preset_table(presets: Iterable[Preset], *, width: int | None, paint: Paint = unpainted) -> list[str]:
    """Return a line per preset under a heading."""
    rows = [
        (
            Cell(preset.id, Tone.STRONG),
            Cell(preset.name),
            Cell("built in" if preset.builtin else "file", Tone.FAINT),
            Cell(preset.description or ""),
        )
        for preset in presets
    ]
    return table(_COLUMNS, rows, width=width, paint=paint)
