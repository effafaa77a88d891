"""The manual page, from the parser: what the help says, and nothing else."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from darkroom.cli.parser import Parser, is_option, is_repeated, takes_value

_FILES: Final = """\
.TP
.I $XDG_RUNTIME_DIR/darkroomd/darkroomd.sock
The daemon's socket, where it runs as a user's own.
.TP
.I /run/darkroomd/darkroomd.sock
The daemon's socket, where it runs as a service of the system.
"""
_ENVIRONMENT: Final = """\
.TP
.B DARKROOM_SOCKET
The daemon's socket, unless
.B \\-\\-socket
names another.
.TP
.B NO_COLOR
If it is set and not empty, nothing is coloured.
"""
_EXIT_STATUS: Final = (
    ("0", "Done."),
    ("1", "The work failed."),
    ("2", "Wrong usage."),
    ("3", "No daemon was reached."),
    ("4", "Not permitted."),
    ("5", "What was named is not there."),
    ("130", "Ended by Ctrl\\-C."),
)


def page(parser: Parser) -> str:
    """Return the manual page of a command and all of its commands, in roff's `man` macros."""
    return "\n".join([*_head(parser), *_body(parser), *_tail()]) + "\n"


def _head(parser: Parser) -> Iterator[str]:
    yield '.\\" Printed from the parser of the command; changes belong there.'
    yield f'.TH {parser.prog.upper()} 1 "" "darkroomd" "User Commands"'
    yield ".SH NAME"
    yield f"{parser.prog} \\- {_text((parser.description or '').rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B {parser.prog}"
    yield "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]..."
    yield ".SH DESCRIPTION"
    # What follows in the help has sections of its own here.
    yield _text((parser.epilog or "").partition("\n\n")[0].strip())


def _body(parser: Parser) -> Iterator[str]:
    yield ".SH OPTIONS"
    yield "Every command takes these, before or after its name."
    everywhere = [action for action in parser.arguments if is_option(action)]
    yield from _arguments(everywhere)
    yield ".SH COMMANDS"
    said = {name for action in everywhere for name in action.option_strings}
    for command in _leaves(parser):
        own = [
            action
            for action in command.arguments
            if not is_option(action) or said.isdisjoint(action.option_strings)
        ]
        yield ".SS"
        yield _text(command.usage) if command.usage else " ".join([_bold(command.prog), *map(_form, own)])
        yield from (_text(command.description or ""), *_arguments(own))


def _tail() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for status, meaning in _EXIT_STATUS:
        yield from (".TP", f".B {status}", meaning)
    yield from (".SH ENVIRONMENT", _ENVIRONMENT.rstrip(), ".SH FILES", _FILES.rstrip())
    yield from (".SH SEE ALSO", ".BR varlinkctl (1)")


def _leaves(parser: Parser) -> Iterator[Parser]:
    """Yield the commands that do something, in order; one without a description is not for people."""
    for command in parser.commands.values():
        if command.commands:
            yield from _leaves(command)
        elif command.description is not None:
            yield command


def _arguments(actions: Sequence[argparse.Action]) -> Iterator[str]:
    for action in actions:
        if action.help is not None:
            names = ", ".join(map(_bold, action.option_strings)) or _value(action)
            value = f" {_value(action)}" if is_option(action) and takes_value(action) else ""
            yield from (".TP", f"{names}{value}", _text(_sentence(action)))


def _form(action: argparse.Action) -> str:
    """Return an argument as it stands in a synopsis."""
    if is_option(action):
        name = _bold(action.option_strings[-1])
        form = f"{name} {_value(action)}" if takes_value(action) else name
        return form if action.required else f"[{form}]"
    form = _value(action)
    if is_repeated(action):
        form += "..."
    return f"[{form}]" if action.nargs in {"?", "*"} else form


def _value(action: argparse.Action) -> str:
    """Return what stands for a value: its choices, or what it is called."""
    if action.choices is not None and action.metavar is None:
        return "|".join(_bold(str(choice)) for choice in action.choices)
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"\\fI{_text(name)}\\fR"


def _sentence(action: argparse.Action) -> str:
    """Return the help of an argument as a sentence."""
    said = action.help or ""
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def _bold(word: str) -> str:
    return f"\\fB{_text(word)}\\fR"


def _text(text: str) -> str:
    """Return text that roff prints as it stands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("`", "\\(ga")
    # What begins a line with a dot or a quote would be taken for a request.
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
