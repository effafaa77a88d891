"""Prints the manual page `man/darkroomd.8` from the parser of the daemon's command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from darkroomd.__main__ import DESCRIPTION, command_line

PAGE: Final = Path(__file__).parents[1] / "man" / "darkroomd.8"

_COMMAND: Final = re.compile(r"  (?P<form>darkroomd .*?)(?:  +(?P<text>.*))?")

_TAIL: Final = r"""
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
End, once the photo in work is done, at the latest after
.I daemon.stop_seconds
of the configuration. A second one ends at once; the photo is developed after the next start.
.TP
.B SIGHUP
Read the configuration again; at a terminal, end.
.SH EXIT STATUS
.TP
.B 0
It was told to end, or the configuration is in order.
.TP
.B 1
It cannot go on, or the state cannot be used.
.TP
.B 2
The configuration or the command line is not right.
.TP
.BR 4 ", " 5
A folder that was named may not be read, or is not there.
.SH ENVIRONMENT
It says where files lie, and nothing else.
.TP
.B DARKROOM_SOCKET
The socket, unless
.B \-\-socket
names another.
.TP
.BR XDG_CONFIG_HOME ", " XDG_STATE_HOME ", " XDG_RUNTIME_DIR
Folders that hold
.I darkroomd/config.toml
and
.IR darkroomd/presets ,
.I darkroomd/queue.db
and
.IR darkroomd/darkroomd.sock .
.TP
.BR CONFIGURATION_DIRECTORY ", " STATE_DIRECTORY ", " RUNTIME_DIRECTORY
The same folders of a service, as systemd names them.
.SH FILES
.TP
.I /etc/darkroomd/config.toml
The configuration of the machine, read first.
.TP
.I ~/.config/darkroomd/config.toml
The configuration of the user, which counts over it key by key.
.B darkroomd \-\-print\-config
prints all keys and what they mean.
.TP
.I ~/.local/state/darkroomd/queue.db
The queue.
.SH SEE ALSO
.BR darkroom (1),
.BR darkroomd.toml (5),
.BR systemctl (1)
"""


def page(parser: argparse.ArgumentParser) -> str:
    """Return the manual page of the daemon, in roff's `man` macros."""
    return "\n".join([*_head(parser), *_commands(), *_options(parser)]) + _TAIL


def _head(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield '.\\" Printed from the parser of the command; changes belong there.'
    yield f'.TH {parser.prog.upper()} 8 "" "darkroomd" "System Administration"'
    yield ".SH NAME"
    yield f"{parser.prog} \\- develop camera RAW files in the background"
    yield ".SH SYNOPSIS"
    yield f".B {parser.prog}"
    yield "[\\fIOPTION\\fR]..."
    yield ".SH DESCRIPTION"
    yield from map(_text, DESCRIPTION.partition("\n\n")[0].splitlines())


def _commands() -> Iterator[str]:
    """Yield the forms of the command that the help shows, with what they do."""
    yield ".SH COMMANDS"
    for line in DESCRIPTION.partition("\n\n")[2].splitlines():
        found = _COMMAND.fullmatch(line)
        if found is None:
            yield _text(line.strip())
        else:
            yield from (".TP", f"\\fB{_text(found['form'])}\\fR")
            yield from [_text(found["text"])] if found["text"] else []


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield ".SH OPTIONS"
    for action in parser._actions:
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in action.option_strings)
        said = (action.help or "").replace("%(default)s", str(action.default))
        yield from (".TP", f"{names}{_value(action)}", _text(f"{said[:1].upper()}{said[1:].rstrip('.')}."))


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return " " + "|".join(f"\\fB{choice}\\fR" for choice in action.choices)
    return f" \\fI{_text(str(action.metavar))}\\fR" if action.metavar else ""


def _text(text: str) -> str:
    """Return text that roff prints as it stands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(page(command_line()), encoding="utf-8")
