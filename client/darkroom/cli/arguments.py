"""Every command's arguments: one parser, built without importing a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NoReturn

from darkroom.cli.culling import CULLING, with_offsets_joined
from darkroom.cli.delivery import DELIVERY
from darkroom.cli.moving import declare_state
from darkroom.cli.nearest import suggestion
from darkroom.cli.parser import Parser, is_option, is_repeated
from darkroom.cli.places import declare_root, declare_session
from darkroom.cli.steering import STEERING, Declare, number
from darkroom.cli.terminal import standard_screen

PHOTO_STATES: Final = ("arriving", "waiting", "developing", "developed", "outdated", "failed", "missing")
JOB_STATES: Final = ("queued", "paused", "running", "canceling", "completed", "failed", "canceled")
EVENT_KINDS: Final = (
    "job.created", "job.updated", "job.completed", "job.failed", "job.canceled", "job.removed",
    "item.updated", "progress", "photo.arriving", "photo.added", "photo.changed", "photo.missing",
    "session.added", "session.changed", "session.removed", "queue.changed", "inhibitor.changed",
    "config.reloaded",
)  # fmt: skip
SHELLS: Final = ("bash", "zsh", "fish")
JOB_KINDS: Final = ("develop", "backfill", "export", "archive")

_EPILOGUE: Final = """\
Sessions are given by name, folder or id; photos by file name, path or id; paths also as file:// URIs.

Exit status: 0 done, 1 the work failed, 2 wrong usage, 3 no daemon reached, 4 not permitted, 5 not found.

The socket is the one given, else $DARKROOM_SOCKET, else $XDG_RUNTIME_DIR/darkroomd/darkroomd.sock,
else /run/darkroomd/darkroomd.sock.
"""


class _Version(argparse.Action):
    """Print the version; looked up only when it is asked for, since that reads the installed metadata."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415 - see above

        standard_screen().show([f"darkroom {version('darkroomd')}"])
        parser.exit()


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the arguments say (None: those of this process); `command` names the command's module.

    Raises:
        SystemExit: they are wrong (status 2), or asked for help or the version.
    """
    words, program = _parted(with_offsets_joined(sys.argv[1:] if argv is None else argv))
    # Most of the time that a command takes would go into the arguments of all the others.
    parser = command_line(only=words[0] if words and words[0] in _COMMANDS else None)
    arguments, rest = parser.parse_known_args(words)
    if arguments.command == "inhibit" and not program:
        parser.commands["inhibit"].error("give the command to run after --")
    arguments.program = program
    # argparse before Python 3.12 loses an optional word that comes after an option.
    if arguments.command == "call" and arguments.parameters is None and rest and not rest[0].startswith("--"):
        arguments.parameters = rest.pop(0)
    if rest and not _take(parser.commands[arguments.command], arguments, rest):
        _refuse(parser.commands[arguments.command], arguments, rest)
    return arguments


def _take(command: Parser, arguments: argparse.Namespace, rest: Sequence[str]) -> bool:
    """Take words that came behind an option for more of what the command has several of; tell if they are.

    argparse takes such words as long as no option comes between them, and not after that.
    """
    last = next((action for action in reversed(command.arguments) if not is_option(action)), None)
    if last is None or not is_repeated(last) or last.type is not None or last.choices is not None:
        return False
    if any(word.startswith("-") for word in rest):
        return False
    setattr(arguments, last.dest, [*getattr(arguments, last.dest), *rest])
    return True


def _refuse(command: Parser, arguments: argparse.Namespace, rest: Sequence[str]) -> NoReturn:
    """End because of words that mean nothing to a command."""
    if command.commands:
        command = command.commands[arguments.action]
    options = [name for action in command.arguments for name in action.option_strings]
    hint = suggestion(rest[0], options) if rest[0].startswith("-") else ""
    command.error(f"nothing is known of {' '.join(rest)}.{hint}")


def _parted(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return our own words, and the command line that follows `--` after `inhibit` and `complete`.

    argparse treats a command line within a command line differently from version to version.
    """
    if "--" not in words or _command_in(words) not in {"inhibit", "complete"}:
        return words, ()
    end = words.index("--")
    return words[:end], words[end + 1 :]


def _command_in(words: Sequence[str]) -> str | None:
    """Return the name of the command: the first word that is no option, nor the value of one."""
    rest = iter(words)
    for word in rest:
        if word == "--socket":
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None


def command_line(*, only: str | None = None) -> Parser:
    """Return the parser of all commands: what help, completions and the manual are made from.

    Where `only` names a command, the others are left out.
    """
    top = Parser(
        prog="darkroom",
        description="See what the darkroom daemon develops, and steer it.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument(
        "--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version"
    )
    _everywhere(top, socket=None, json=False)
    add = top.add_subparsers(metavar="COMMAND", required=True, dest="command").add_parser
    command = partial(_command, add)
    for declare in _COMMANDS.values() if only is None else [_COMMANDS[only]]:
        declare(command)
    if only is None:
        _complete(add)
    return top


def _everywhere(target: argparse.ArgumentParser, *, socket: object, json: object) -> None:
    target.add_argument("--socket", metavar="PATH", default=socket, help="the daemon's socket")
    target.add_argument(
        "--json", action="store_true", default=json, help="one JSON object a line, for programs"
    )


# `add_parser` of what argparse has no public name for.
_Add = Callable[..., argparse.ArgumentParser]


def _command(add: _Add, name: str, summary: str) -> argparse.ArgumentParser:
    command = add(name, help=summary, description=summary, allow_abbrev=False)
    # Suppressed: a default here would undo what was said before the command's name.
    _everywhere(command, socket=argparse.SUPPRESS, json=argparse.SUPPRESS)
    return command


def _act(command: argparse.ArgumentParser) -> Declare:
    """Return what adds the actions of a command that has several."""
    add = command.add_subparsers(metavar="ACTION", required=True, dest="action").add_parser
    return partial(_command, add)


def _status(add: Declare) -> None:
    add("status", "Show what is being developed, what waits and why, and the sessions.")


def _sessions(add: Declare) -> None:
    add("sessions", "List the sessions and how many of their photos are developed.")


def _photos(add: Declare) -> None:
    command = add("photos", "List the photos of a session, or of all, and where each stands.")
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "session",
        metavar="SESSION",
        nargs="?",
        help="name, folder or id of the session (default: all)",
    )
    which.add_argument("--all", action="store_true", help="the photos of all sessions")
    command.add_argument(
        "--state", action="append", choices=PHOTO_STATES, help="only these; may be given several times"
    )


def _jobs(add: Declare) -> None:
    command = add("jobs", "List the jobs, newest first.")
    command.add_argument(
        "of", metavar="SESSION", nargs="*", default=[], help="only of these sessions, by name, folder or id"
    )
    command.add_argument(
        "--state", action="append", choices=JOB_STATES, help="only these; may be given several times"
    )
    command.add_argument(
        "--kind", action="append", choices=JOB_KINDS, help="only these; may be given several times"
    )
    command.add_argument("--session", action="append", metavar="SESSION", help="only of this session")
    command.add_argument(
        "--by-position", action="store_true", help="the waiting ones, in the order in which they will run"
    )


def _show(add: Declare) -> None:
    command = add("show", "Show all about one session, photo or job.")
    command.add_argument("what", metavar="ID|PATH", help="a job's number; or an id, name or path")


def _watch(add: Declare) -> None:
    command = add("watch", "Show what happens, as it happens, until Ctrl-C.")
    command.add_argument("--kind", action="append", metavar="KIND", help="only these, such as photo.changed")
    command.add_argument("--session", action="append", metavar="SESSION", help="only of this session")
    command.add_argument("--job", action="append", type=number, metavar="JOB", help="only of this job")


def _top(add: Declare) -> None:
    add("top", "Show all that goes on, on one page that keeps up with it, until q or Ctrl-C.")


def _call(add: Declare) -> None:
    command = add("call", "Call a method of the protocol and print its reply.")
    command.add_argument(
        "method", metavar="METHOD", help="such as GetSummary; any interface's by its full name"
    )
    command.add_argument(
        "parameters", metavar="JSON", nargs="?", help="an object; - reads it from standard input"
    )
    command.add_argument("--more", action="store_true", help="ask for all replies of a method that streams")


def _introspect(add: Declare) -> None:
    command = add("introspect", "Print the description of an interface.")
    command.add_argument("interface", metavar="INTERFACE", nargs="?", help="default: io.darkroomd.Darkroom")


def _fetch(add: Declare) -> None:
    command = add("fetch", "Copy the JPEG of a photo, also from where this user may not look.")
    command.add_argument("photo", metavar="PHOTO", help="by file name, path or id")
    command.add_argument(
        "-o", "--output", metavar="FILE", help="where to; - for standard output; default: its own name, here"
    )
    command.add_argument("--recipe", metavar="RECIPE", help="which output, where there are several")


def _doctor(add: Declare) -> None:
    command = add("doctor", "Check that the daemon is well; exit status 1 if it is not, 3 if nobody answers.")
    command.add_argument("--strict", action="store_true", help="exit status 1 for warnings as well")


def _reload(add: Declare) -> None:
    add("reload", "Have the daemon read its configuration again; what is wrong changes nothing.")


def _completion(add: Declare) -> None:
    command = add("completion", "Print what makes a shell complete commands, sessions, photos and jobs.")
    command.add_argument("shell", choices=SHELLS, help="for ~/.bashrc: source <(darkroom completion bash)")


def _complete(add: _Add) -> None:
    """Add what the shells ask; nobody else needs to know."""
    command = add("complete", allow_abbrev=False)
    _everywhere(command, socket=argparse.SUPPRESS, json=argparse.SUPPRESS)
    command.add_argument("shell", choices=SHELLS)


_COMMANDS: Final[Mapping[str, Callable[[Declare], None]]] = {
    "status": _status,
    "watch": _watch,
    "top": _top,
    "sessions": _sessions,
    "photos": _photos,
    "jobs": _jobs,
    "show": _show,
    "fetch": _fetch,
    **DELIVERY,
    **STEERING,
    "session": partial(declare_session, act=_act),
    "root": partial(declare_root, act=_act),
    "state": partial(declare_state, act=_act),
    **CULLING,
    "doctor": _doctor,
    "reload": _reload,
    "call": _call,
    "introspect": _introspect,
    "completion": _completion,
}
"""What adds each command, in the order of the help; what only shells ask is not among them."""
