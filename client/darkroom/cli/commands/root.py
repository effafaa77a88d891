"""`darkroom root`: add, remove or list the folders of sessions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import folder_named, root_named
from darkroom.cli.tables import Cell, Column, Paint, Tone, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import EmptyReply
from darkroom.protocol.types import Root

_COLUMNS = (
    Column("ROOT", elastic=True),
    Column("SESSIONS", right=True),
    Column("WATCHED BY"),
    Column("ID"),
)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Do what is asked of the root."""
    action = _ACTIONS[arguments.action]
    return action(client, arguments, screen)


def root_table(roots: Iterable[Root], *, width: int | None, paint: Paint = unpainted) -> list[str]:
    """Return a line per root under a heading; no roots, no lines."""
    rows = [
        (
            Cell(words.path_of(root.folder), Tone.STRONG),
            Cell(str(root.session_count)),
            Cell(root.watch_mode, Tone.BAD if root.watch_mode == "unavailable" else Tone.FAINT),
            Cell(root.id, Tone.FAINT),
        )
        for root in roots
    ]
    return table(_COLUMNS, rows, width=width, paint=paint)


def _add(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    reply = client.add_root(folder_named(arguments.folder))
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    else:
        what = "is a root now" if reply.created else "was a root already"
        screen.show([printable(f"{words.path_of(reply.root.folder)} {what} ({reply.root.id}).")])
    return EXIT_DONE


def _remove(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    root = root_named(client, arguments.root)
    client.remove_root(root.id)
    if arguments.json:
        screen.show_json([msgspec.json.encode(EmptyReply())])
    else:
        folder = words.path_of(root.folder)
        screen.show([printable(f"{folder} is watched no more; its files are as they were.")])
    return EXIT_DONE


def _list(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    roots = client.list_roots()
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, roots))
    else:
        lines = root_table(roots, width=screen.width, paint=screen.paint)
        screen.show(lines or ["No roots: add one with darkroom root add FOLDER."])
    return EXIT_DONE


_ACTIONS: Final[Mapping[str, Callable[[Client, argparse.Namespace, Screen], int]]] = {
    "add": _add,
    "remove": _remove,
    "list": _list,
}
