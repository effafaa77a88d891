"""`darkroomd state`: the state as one file, to move to another machine or to go back to a backup."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from darkroom.errors import EXIT_DONE, DarkroomError
from darkroomd.core.faults import StateInUse, StateUnusable
from darkroomd.core.state_file import FolderMove, Manifest, parse_move
from darkroomd.services.state_export import export_state
from darkroomd.services.state_import import TakenOver, import_state
from darkroomd.system.clock import now_usec
from darkroomd.system.lock import LOCK_NAME, LockHeld, exclusive_lock
from darkroomd.system.paths import standard_places

MOST_NAMED: Final = 20
"""Folders that are named one by one."""


class Arguments(argparse.Namespace):
    """What may stand on the command line."""

    action: str
    file: Path
    state_dir: Path | None
    json: bool
    moves: list[FolderMove]
    replace: bool


class Imported(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of an import, for programs. Bytes of paths that are no UTF-8 stand as U+FFFD."""

    sessions: int
    roots: int
    missing: tuple[str, ...]
    kept: str | None


def main(argv: Sequence[str]) -> int:
    """Export or import the state; return the exit status."""
    parser = command_line()
    arguments = parser.parse_args(argv, Arguments())
    twice = _mapped_twice(arguments.moves) if arguments.action == "import" else None
    if twice is not None:
        parser.error(f"argument --map: {_printable(str(twice))} cannot lie in two places; give it once")
    try:
        state = standard_places(os.environ, state=arguments.state_dir).state
        lines = _export(state, arguments) if arguments.action == "export" else _import(state, arguments)
    except DarkroomError as error:
        sys.stderr.write(f"darkroomd: {_printable(error.message)} [{error.code}]\n")
        return error.exit_status
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return EXIT_DONE


def exported(manifest: Manifest, target: Path) -> list[str]:
    """Tell what was written."""
    size = f"{manifest.size_bytes / 1e6:.1f} MB"
    return [
        f"The state was written to {_printable(str(target))} ({size}, schema {manifest.schema}).",
        "Take it over elsewhere with `darkroomd state import`. No two daemons may work on the same folders.",
    ]


def taken_over(outcome: TakenOver, state: Path) -> list[str]:
    """Tell what was taken over, and what of it is not there."""
    sessions, roots = len(outcome.contents.sessions), len(outcome.contents.roots)
    count = f"{sessions} session{'' if sessions == 1 else 's'}"
    if roots:
        count += f" and {roots} root{'' if roots == 1 else 's'}"
    lines = [f"The state with {count} lies in {_printable(str(state))}. Start darkroomd."]
    if outcome.kept is not None:
        lines.append(f"What was there before is kept as {_printable(str(outcome.kept))}.")
    if outcome.missing:
        lines.append("These folders are not there; mount or copy them, or import once more with --map:")
        lines += [f"  {_printable(str(folder))}" for folder in outcome.missing[:MOST_NAMED]]
        if len(outcome.missing) > MOST_NAMED:
            lines.append(f"  and {len(outcome.missing) - MOST_NAMED} more")
    return lines


def _export(state: Path, arguments: Arguments) -> list[str]:
    version = metadata.version("darkroomd")
    manifest = export_state(state, arguments.file, version=version, at=datetime.now(UTC))
    return [_json(manifest)] if arguments.json else exported(manifest, arguments.file)


def _import(state: Path, arguments: Arguments) -> list[str]:
    with ExitStack() as resources:
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            resources.enter_context(exclusive_lock(state / LOCK_NAME))
        except LockHeld as held:
            raise StateInUse(state, held.holder) from held
        except OSError as error:
            raise StateUnusable(state, os.strerror(error.errno or 0)) from error
        outcome = import_state(
            state,
            arguments.file,
            # Sessions are known by where they really lie.
            moves=[FolderMove(move.old, Path(os.path.realpath(move.new))) for move in arguments.moves],
            replace=arguments.replace,
            now_usec=now_usec(),
        )
    return [_json(_as_reply(outcome))] if arguments.json else taken_over(outcome, state)


def _as_reply(outcome: TakenOver) -> Imported:
    return Imported(
        sessions=len(outcome.contents.sessions),
        roots=len(outcome.contents.roots),
        missing=tuple(_encodable(folder) for folder in outcome.missing),
        kept=None if outcome.kept is None else _encodable(outcome.kept),
    )


def _mapped_twice(moves: Sequence[FolderMove]) -> Path | None:
    counted = Counter(move.old for move in moves)
    return next((old for old, count in counted.items() if count > 1), None)


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _encodable(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _printable(text: str) -> str:
    """Return text on one line that no terminal takes for more than that."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of `darkroomd state`."""
    parser = argparse.ArgumentParser(
        prog="darkroomd state",
        description="Move the state to another machine, or go back to a backup. Photos and JPEGs are not in "
        "it: copy the session folders as well, best with cp -a.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    export = actions.add_parser("export", help="write the state to a new file, also while darkroomd runs")
    export.add_argument("file", type=_path, metavar="FILE", help="what to write; it must not exist")
    take_over = actions.add_parser(
        "import", help="take over an exported state or a backup; darkroomd is stopped"
    )
    take_over.add_argument("file", type=_path, metavar="FILE", help="an exported state, or a backup")
    take_over.add_argument("--map", dest="moves", action="append", default=[], type=_move, metavar="OLD=NEW",
                           help="folders that lay in OLD lie in NEW; may be given several times")  # fmt: skip
    take_over.add_argument("--replace", action="store_true", help="keep aside the state that is there")
    for action in (export, take_over):
        action.add_argument("--state-dir", type=_path, metavar="DIR", help="where the state is kept")
        action.add_argument("--json", action="store_true", help="one JSON object, for programs")
    return parser


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("this must not be empty")
    return Path(os.path.abspath(text))  # noqa: PTH100 - absolute, but symbolic links stay as they were named


def _move(text: str) -> FolderMove:
    try:
        return parse_move(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
