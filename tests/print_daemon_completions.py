"""Prints what shells complete `darkroomd` with, from the parsers of its command lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from darkroomd import state_command
from darkroomd.__main__ import command_line
from darkroomd.installation.command import install_command_line, uninstall_command_line

FOLDER: Final = Path(__file__).parents[1] / "completions"

COMMANDS: Final = {
    "demo": "make a throw-away session and watch it being developed",
    "install-service": "have systemd or launchd run it",
    "state": "export the state, or import it on another machine",
    "uninstall-service": "have systemd or launchd run it no longer",
}
_FILES: Final = frozenset({"FILE", "PATH"})
_FOLDERS: Final = frozenset({"DIR"})


def scripts() -> Mapping[str, str]:
    """Return the files by name: of bash, zsh and fish."""
    return {
        "darkroomd": "\n".join([*_bash(), ""]),
        "_darkroomd": "\n".join([*_zsh(), ""]),
        "darkroomd.fish": "\n".join([*_fish(), ""]),
    }


def _options() -> dict[str, dict[str, argparse.Action]]:
    """Return the options of each command by name; that of the daemon itself is empty."""
    parsers = {
        "": [command_line()],
        "install-service": [install_command_line()],
        "state": _actions(state_command.command_line()),
        "uninstall-service": [uninstall_command_line()],
    }
    return {
        command: {
            action.option_strings[-1]: action
            for parser in several
            for action in parser._actions
            if action.option_strings
        }
        for command, several in parsers.items()
    }


def _actions(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    [found] = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return list(found.choices.values())


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs != 0


def _about(action: argparse.Action) -> str:
    return (action.help or "").partition(";")[0].partition(" (")[0]


def _bash() -> Iterator[str]:
    options = _options()
    yield "# bash completion of darkroomd."
    yield "_darkroomd_take() {"
    yield "    local word"
    yield '    while IFS= read -r word; do COMPREPLY+=("$word"); done'
    yield "}"
    yield "_darkroomd() {"
    yield '    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=""'
    yield "    COMPREPLY=()"
    yield "    case $before in"
    yield from _bash_values(options)
    yield "    esac"
    yield "    case $COMP_CWORD,${COMP_WORDS[1]},$current in"
    for command in filter(None, options):
        yield f'        *,{command},-*) words="{" ".join(options[command])}" ;;'
    yield f'        *,*,-*) words="{" ".join(options[""])}" ;;'
    yield f'        1,*) words="{" ".join(COMMANDS)}" ;;'
    yield '        2,state,*) words="export import" ;;'
    yield "    esac"
    yield '    _darkroomd_take < <(compgen -W "$words" -- "$current")'
    yield "}"
    yield "complete -o default -F _darkroomd darkroomd"


def _bash_values(options: Mapping[str, Mapping[str, argparse.Action]]) -> Iterator[str]:
    valued = {name: one for several in options.values() for name, one in several.items() if _takes_value(one)}
    for kinds, letter in ((_FOLDERS, "d"), (_FILES, "f")):
        names = "|".join(name for name, one in valued.items() if one.metavar in kinds)
        yield f"        {names})"
        yield "            compopt -o filenames 2>/dev/null"
        yield f'            _darkroomd_take < <(compgen -{letter} -- "$current")'
        yield "            return ;;"
    for name, one in valued.items():
        if one.choices is not None:
            words = " ".join(map(str, one.choices))
            yield f'        {name}) _darkroomd_take < <(compgen -W "{words}" -- "$current"); return ;;'
    rest = [name for name, one in valued.items() if not one.choices and one.metavar not in _FOLDERS | _FILES]
    yield f"        {'|'.join(rest)}) return ;;"


def _zsh() -> Iterator[str]:
    options = _options()
    yield "#compdef darkroomd"
    yield "# zsh completion of darkroomd."
    yield "_darkroomd() {"
    yield "    local -a commands"
    yield f"    commands=({' '.join(_quoted(f'{name}:{about}') for name, about in COMMANDS.items())})"
    yield "    if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then"
    yield "        _describe command commands"
    yield "        return"
    yield "    fi"
    yield "    case $words[2] in"
    for command in filter(None, options):
        first = " '1:action:(export import)' '2:file:_files'" if command == "state" else ""
        yield f"        {command})"
        yield "            shift words"
        yield "            ((CURRENT--))"
        yield f"            _arguments{first} \\"
        yield from _zsh_options(options[command])
    yield "        demo) ;;"
    yield "        *)"
    yield "            _arguments \\"
    yield from _zsh_options(options[""])
    yield "    esac"
    yield "}"
    yield '_darkroomd "$@"'


def _zsh_options(options: Mapping[str, argparse.Action]) -> Iterator[str]:
    for name, action in options.items():
        about = _about(action).replace("[", "(").replace("]", ")").replace(":", ",")
        value = ""
        if _takes_value(action):
            value = (
                f":{str(action.metavar or 'value').replace('[', '').replace(']', '')}:{_zsh_values(action)}"
            )
        yield f"                {_quoted(f'*{name}[{about}]{value}')} \\"
    yield "                ;;"


def _zsh_values(action: argparse.Action) -> str:
    if action.choices is not None:
        return f"({' '.join(map(str, action.choices))})"
    return "_files -/" if action.metavar in _FOLDERS else "_files" if action.metavar in _FILES else " "


def _fish() -> Iterator[str]:
    yield "# fish completion of darkroomd."
    yield "complete -c darkroomd -f"
    for name, about in COMMANDS.items():
        yield f"complete -c darkroomd -n __fish_use_subcommand -a {name} -d {_quoted(about)}"
    for command, options in _options().items():
        seen = command or " ".join(COMMANDS)
        condition = f"{'' if command else 'not '}__fish_seen_subcommand_from {seen}"
        if command == "state":
            begun = "__fish_seen_subcommand_from export import"
            yield f"complete -c darkroomd -n '{condition}; and not {begun}' -a 'export import'"
            yield f"complete -c darkroomd -n '{condition}; and {begun}' -F"
        for name, action in options.items():
            value = f" -r{_fish_values(action)}" if _takes_value(action) else ""
            about = _quoted(_about(action))
            yield f"complete -c darkroomd -n '{condition}' -l {name.removeprefix('--')}{value} -d {about}"


def _fish_values(action: argparse.Action) -> str:
    if action.choices is not None:
        return f" -f -a '{' '.join(map(str, action.choices))}'"
    if action.metavar in _FOLDERS:
        return " -f -a '(__fish_complete_directories)'"
    return " -F" if action.metavar in _FILES else " -f"


def _quoted(text: str) -> str:
    """Return text as one word, both of zsh and of fish."""
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    for name, script in scripts().items():
        (FOLDER / name).write_text(script, encoding="utf-8")
