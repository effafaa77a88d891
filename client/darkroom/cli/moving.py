"""The arguments of the command that hands the state out and takes it over: `state`."""

from __future__ import annotations

from darkroom.cli.places import Act
from darkroom.cli.steering import Declare


def declare_state(command: Declare, act: Act) -> None:
    """Add `state` and its actions."""
    add = act(command("state", "Move the daemon's state to another machine, or go back to a backup."))
    action = add("export", "Write the state to a new file, also while the daemon runs.")
    action.add_argument("file", metavar="FILE", help="what to write; it must not exist")
    action.add_argument("--state-dir", metavar="FOLDER", help="where the daemon keeps it")
    action = add("import", "Take over an exported state, or a backup, while no daemon runs.")
    action.add_argument("file", metavar="FILE", help="an exported state, or a backup of the database")
    action.add_argument(
        "--map",
        metavar="OLD=NEW",
        action="append",
        default=[],
        help="folders that lay in OLD lie in NEW; may be given several times",
    )
    action.add_argument("--replace", action="store_true", help="keep aside the state that is there")
    action.add_argument("--state-dir", metavar="FOLDER", help="where the daemon keeps it")
