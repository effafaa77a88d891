"""`darkroomd install-service` and `uninstall-service`: arguments in, files and words out, an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from darkroom.errors import EXIT_DONE, EXIT_NOT_PERMITTED, EXIT_USAGE, DarkroomError
from darkroomd.files.folders import is_folder
from darkroomd.installation.disk import (
    Change,
    changes,
    install,
    make_folders,
    placed,
    read_own,
    remove_dangling,
    uninstall,
)
from darkroomd.installation.layout import (
    Layout,
    Scope,
    agent_layout,
    daemon_layout,
    system_layout,
    user_layout,
)
from darkroomd.installation.program import Watched, hidden_among, running_program
from darkroomd.installation.templates import template
from darkroomd.installation.units import InstalledFile

INSTALL: Final = """\
Write the files by which systemd or launchd run darkroomd, and say how to enable it. Nothing is started.
Given again, it brings them up to date; files that somebody has edited are left as they are.
"""
UNINSTALL: Final = """\
Remove the files that install-service has written, and say how to stop darkroomd. Photos, the queue and the
configuration stay; so do files that somebody has edited.
"""


class NotRoot(DarkroomError):
    """The files of a service of the system are root's."""

    code = "service.not_root"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self) -> None:
        super().__init__(
            "Only root can change the services of the system. Run the command as root, or with --user for a "
            "service of your own, or with --destdir to prepare the files elsewhere."
        )


class NoHomeFolder(DarkroomError):
    """Nothing says where the user's files lie."""

    code = "service.no_home"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("HOME does not name a folder: set it to that of the user whose service it is to be.")


class Arguments(argparse.Namespace):
    """What may stand on the command line."""

    scope: Scope | None
    root: list[Path]
    session: list[Path]
    writable: list[Path]
    destdir: Path
    force: bool
    dry_run: bool


def install_service(
    argv: Sequence[str], *, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> int:
    """Write the files of a service; return the exit status."""
    arguments = install_command_line().parse_args(argv, Arguments())
    return _told(lambda: _install(arguments, _layout(arguments, environment, platform=platform)))


def install_command_line() -> argparse.ArgumentParser:
    """Return the parser of `darkroomd install-service`."""
    parser = _parser("install-service", INSTALL)
    parser.add_argument("--root", action="append", default=[], type=_folder, metavar="DIR",
                        help="watch all sessions below DIR; may be given several times")  # fmt: skip
    parser.add_argument("--session", action="append", default=[], type=_folder, metavar="DIR",
                        help="watch the session DIR; may be given several times")  # fmt: skip
    parser.add_argument("--writable", action="append", default=[], type=_folder, metavar="DIR",
                        help="let the system's service write below DIR as well, as into an archive; may be "
                             "given several times")  # fmt: skip
    return parser


def uninstall_service(
    argv: Sequence[str], *, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> int:
    """Remove the files of a service; return the exit status."""
    arguments = uninstall_command_line().parse_args(argv, Arguments())
    return _told(lambda: _uninstall(arguments, _layout(arguments, environment, platform=platform)))


def uninstall_command_line() -> argparse.ArgumentParser:
    """Return the parser of `darkroomd uninstall-service`."""
    return _parser("uninstall-service", UNINSTALL)


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"darkroomd {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--system", dest="scope", action="store_const", const=Scope.SYSTEM,
                       help="the service of the whole machine (default for root)")  # fmt: skip
    scope.add_argument("--user", dest="scope", action="store_const", const=Scope.USER,
                       help="a service of your own (default for everybody else)")  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--force", action="store_true", help="also files that somebody has edited or made")
    parser.add_argument("--destdir", type=_folder, default=Path("/"), metavar="DIR",
                        help="take DIR for the file system's root, as for making a package")  # fmt: skip
    return parser


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("this must not be empty")
    return Path(os.path.abspath(text))  # noqa: PTH100 - absolute, but symbolic links stay as they were named


def _layout(arguments: Arguments, environment: Mapping[str, str], *, platform: str) -> Layout:
    """Return the kind of service that is meant; raise `NotRoot` or `NoHomeFolder` where it cannot be had."""
    scope = arguments.scope or (Scope.SYSTEM if os.geteuid() == 0 else Scope.USER)
    if scope is Scope.SYSTEM:
        if os.geteuid() != 0 and not arguments.dry_run and arguments.destdir == Path("/"):
            raise NotRoot
        return daemon_layout() if platform == "darwin" else system_layout(hidden_among)
    home = Path(environment.get("HOME", ""))
    if not home.is_absolute():
        raise NoHomeFolder
    if platform == "darwin":
        return agent_layout(home, uid=os.getuid())
    configuration = Path(environment.get("XDG_CONFIG_HOME", ""))
    return user_layout(configuration if configuration.is_absolute() else home / ".config")


def _told(work: Callable[[], Sequence[str]]) -> int:
    try:
        lines = work()
    except DarkroomError as error:
        sys.stderr.write(f"darkroomd: {error.message} [{error.code}]\n")
        return error.exit_status
    # With its standard output closed a program has none at all.
    if sys.stdout:
        _say(lines)
    return EXIT_DONE


def _say(lines: Sequence[str]) -> None:
    try:
        sys.stdout.flush()
        # A path may hold bytes that are no text, and no terminal has to understand.
        sys.stdout.buffer.write(b"".join(os.fsencode(line) + b"\n" for line in lines))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough; the interpreter would try to write once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _install(arguments: Arguments, layout: Layout) -> list[str]:
    below = arguments.destdir
    watched = Watched(
        roots=tuple(arguments.root),
        sessions=tuple(arguments.session),
        writable=tuple(arguments.writable),
    )
    if not watched.folders and (own := read_own(layout.record, below=below)) is not None:
        watched = layout.recorded(own)
    files = layout.fill(template, running_program(), watched)
    if arguments.dry_run:
        return _planned(changes(files, below=below, force=arguments.force), layout, below=below)
    make_folders(layout.folders, below=below)
    done = install(files, below=below, force=arguments.force)
    lines = [_line(change, path) for path, change in done]
    lines += [f"Not there now: {folder}" for folder in watched.folders if not is_folder(folder)]
    return [*lines, *_how_to_enable(layout, {change for _, change in done})]


def _planned(plan: Sequence[tuple[InstalledFile, Change]], layout: Layout, *, below: Path) -> list[str]:
    lines: list[str] = []
    for file, change in plan:
        lines += [f"==> {_line(change, placed(file.path, below=below))}"]
        lines += os.fsdecode(file.content).split("\n")
    return [*lines, "Nothing was changed.", *_how_to_enable(layout, {change for _, change in plan})]


def _how_to_enable(layout: Layout, changed: set[Change]) -> list[str]:
    lines = ["", "To run it, now and from now on:", *(f"  {command}" for command in layout.enable)]
    if Change.REPLACED in changed:
        lines += ["Where it runs already:", f"  {layout.restart}"]
    return lines


def _uninstall(arguments: Arguments, layout: Layout) -> list[str]:
    below, dry_run = arguments.destdir, arguments.dry_run
    done = uninstall(layout.paths, below=below, force=arguments.force, dry_run=dry_run)
    lines = [_line(change, path) for path, change in done] or ["There is nothing to remove."]
    if dry_run:
        lines += ["Nothing was changed."]
    else:
        lines += [_line(Change.REMOVED, link) for link in remove_dangling(layout.links, below=below)]
    lines += ["", "To stop what runs:", *(f"  {command}" for command in layout.stop)]
    return [*lines, "What stays: " + ", ".join(layout.stays) + "."]


def _line(change: Change, path: Path) -> str:
    return f"{change.value}: {path}"
