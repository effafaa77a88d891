"""The parser of the command line, which can also be read: for help, completions and manual pages."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from darkroom.cli.nearest import suggestion
from darkroom.cli.text import printable


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and where help is."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with status 2."""
        ended = message if message.endswith((".", "?")) else f"{message}."
        self.exit(2, f"{self.prog}: {printable(ended)} See `{self.prog} --help`.\n")

    @property
    def arguments(self) -> Sequence[argparse.Action]:
        """What may be given, in the order of the help; commands of its own are one of them."""
        return self._actions

    @property
    def commands(self) -> Mapping[str, Parser]:
        """The commands of its own, by name; one without a description is not for people."""
        for action in self._actions:
            if isinstance(action.choices, dict):
                return cast("dict[str, Parser]", action.choices)
        return {}

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - as argparse has it
        """Refuse what is none of the choices, and tell which of them may have been meant."""
        if action.choices is None or value in action.choices:
            return
        hidden = {name for name, command in self.commands.items() if command.description is None}
        shown = [str(name) for name in action.choices if name not in hidden]
        hint = suggestion(str(value), shown) or f" Choose one of {', '.join(shown)}."
        raise argparse.ArgumentError(action, f"there is no {value}.{hint}")


def is_option(action: argparse.Action) -> bool:
    """Tell whether an argument begins with a dash."""
    return bool(action.option_strings)


def takes_value(action: argparse.Action) -> bool:
    """Tell whether an option is followed by a value."""
    return action.nargs != 0


def is_repeated(action: argparse.Action) -> bool:
    """Tell whether several words may stand for an argument."""
    return action.nargs in {"*", "+"}
