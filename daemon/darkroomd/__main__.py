"""The `darkroomd` command: arguments in, an exit status out, and one place that turns errors into words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroomd.core.flaws import place_of
from darkroomd.imaging.version import installed_version
from darkroomd.system.ending import without_stuck_threads
from darkroomd.system.inheritance import unblock_signals, use_utf8
from darkroomd.system.standard_streams import complete_streams

DESCRIPTION = """\
Watch session folders and develop the camera RAW files in their Raw/ folder into JPEGs in Jpg/.
Runs in the foreground until SIGTERM or Ctrl-C.

  darkroomd demo            make a throw-away session and watch it being developed
  darkroomd --root DIR      every sub-folder of DIR that has a Raw/ folder is a session
  darkroomd --session DIR   DIR itself is a session
  darkroomd state           export the state, or import it on another machine
  darkroomd install-service, uninstall-service
                            have systemd or launchd run it, or no longer; --help says more
"""


CHOSEN_LEVELS = ("debug", "info", "warning", "error")


class Arguments(argparse.Namespace):
    """What may stand on the command line."""

    root: list[Path]
    session: list[Path]
    socket: Path | None
    state_dir: Path | None
    config: Path | None
    without_system_config: bool
    set: list[str]
    log_format: str | None
    log_level: list[tuple[str, str]]
    check_config: bool
    print_config: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon, or a command such as `darkroomd demo`; return the exit status."""
    if arguments is None:
        use_utf8()
    unblock_signals()
    complete_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    match given:
        case ["demo", *rest]:
            from darkroomd.demo import main as demo  # noqa: PLC0415 - the daemon needs none of it

            return demo(rest)
        case ["install-service", *rest]:
            from darkroomd.installation.command import install_service  # noqa: PLC0415 - same

            return install_service(rest)
        case ["state", *rest]:
            from darkroomd.state_command import main as state  # noqa: PLC0415 - same

            return state(rest)
        case ["uninstall-service", *rest]:
            from darkroomd.installation.command import uninstall_service  # noqa: PLC0415 - same

            return uninstall_service(rest)
        case _:
            return _serve(given)


def _serve(given: Sequence[str]) -> int:
    parsed = command_line().parse_args(given, Arguments())
    try:
        status = _run(parsed)
    except DarkroomError as error:
        status = _refuse(error, _log_format(parsed))
    return without_stuck_threads(status)


def _run(arguments: Arguments) -> int:
    from darkroomd.app import serve  # noqa: PLC0415 - a usage error should not wait for it
    from darkroomd.logs import LogFormat  # noqa: PLC0415 - same
    from darkroomd.settings import Settings, Sources  # noqa: PLC0415 - same
    from darkroomd.system.paths import standard_places  # noqa: PLC0415 - same

    sources = Sources(
        places=standard_places(os.environ, state=arguments.state_dir, socket=arguments.socket),
        config=arguments.config,
        with_system=not arguments.without_system_config,
        roots=tuple(arguments.root),
        sessions=tuple(arguments.session),
        overrides=tuple(arguments.set),
        log_format=LogFormat(_log_format(arguments)),
        log_levels=tuple(arguments.log_level),
    )
    if arguments.check_config:
        from darkroomd.config_report import check_configuration  # noqa: PLC0415 - the daemon needs none of it

        report = check_configuration(sources)
        return _say(
            report.json_lines() if arguments.log_format == "json" else report.lines(), report.exit_status
        )
    if arguments.print_config:
        from darkroomd.config_print import configuration_lines  # noqa: PLC0415 - same

        return _say(configuration_lines(Settings.gather(sources)), 0)
    return serve(Settings.gather(sources))


def _say(lines: Iterable[str], status: int) -> int:
    """Write lines to standard output and return the status; that of a failure where nobody can read them."""
    try:
        sys.stdout.buffer.writelines(f"{line}\n".encode(errors="backslashreplace") for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever stops reading has seen enough.
        _close_output()
    except OSError as error:
        _close_output()
        sys.stderr.write(f"darkroomd: Standard output cannot be written: {os.strerror(error.errno or 0)}.\n")
        return 1
    return status


def _close_output() -> None:
    # Else the interpreter would fail once more as it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(error: DarkroomError, log_format: str) -> int:
    if log_format == "json":
        import structlog  # noqa: PLC0415 - only once something went wrong

        from darkroomd.logs import Levels, LogFormat, configure  # noqa: PLC0415 - same

        configure(LogFormat.JSON, Levels())
        log = structlog.get_logger()
        log.critical("start_refused", code=error.code, message=error.message, context=error.context)
    else:
        place = place_of(error)
        at = "" if place is None else f"{place}: "
        sys.stderr.write(f"darkroomd: {at}{error.message} [{error.code}]\n")
    return error.exit_status


def _log_format(arguments: Arguments) -> str:
    # A person at a terminal reads words; whatever collects a pipe reads JSON.
    return arguments.log_format or ("console" if sys.stderr.isatty() else "json")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the daemon's own options."""
    parser = argparse.ArgumentParser(
        prog="darkroomd", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", action="append", default=[], type=_folder, metavar="DIR",
                        help="watch all sessions below DIR; may be given several times")  # fmt: skip
    parser.add_argument("--session", action="append", default=[], type=_folder, metavar="DIR",
                        help="watch the session DIR; may be given several times")  # fmt: skip
    parser.add_argument("--socket", type=_folder, metavar="PATH", help="where programs talk to the daemon")
    parser.add_argument("--state-dir", type=_folder, metavar="DIR", help="where the queue is kept")
    parser.add_argument("--config", type=_folder, metavar="FILE",
                        help="configuration (TOML), instead of the user's")  # fmt: skip
    parser.add_argument("--without-system-config", action="store_true",
                        help="do not read the configuration of the machine first")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="set a key of the configuration, as in worker.photos=100 or "
                             "'log.level=\"debug\"'; may be given several times")  # fmt: skip
    parser.add_argument("--log-format", choices=("json", "console"),
                        help="json: a line of JSON per event; console: for people "
                             "(default: console on a terminal, else json)")  # fmt: skip
    parser.add_argument("--log-level", action="append", default=[], type=_level, metavar="[PART=]LEVEL",
                        help="debug, info, warning or error, of all parts or of one, such as intake=debug; "
                             "may be given several times (default: that of the configuration)")  # fmt: skip
    once = parser.add_mutually_exclusive_group()
    once.add_argument("--check-config", action="store_true",
                      help="check the configuration and all that it names, say what is wrong, and stop; "
                           "with --log-format json a JSON object for each thing")  # fmt: skip
    once.add_argument("--print-config", action="store_true",
                      help="print the whole configuration in force, defaults included, and stop")  # fmt: skip
    parser.add_argument("--version", action="version", version=f"darkroomd {installed_version('darkroomd')}")
    return parser


def _level(text: str) -> tuple[str, str]:
    from darkroomd.logs import COMPONENTS  # noqa: PLC0415 - only whoever asks for levels needs it

    part, _, level = text.rpartition("=")
    if part and part not in COMPONENTS:
        raise argparse.ArgumentTypeError(f"there is no part {part!r}; there are {', '.join(COMPONENTS)}")
    if level not in CHOSEN_LEVELS:
        raise argparse.ArgumentTypeError(f"{level!r} is no level; there are {', '.join(CHOSEN_LEVELS)}")
    return part, level


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("this must not be empty")
    return Path(os.path.abspath(text))  # noqa: PTH100 - absolute, but symbolic links stay as they were named


if __name__ == "__main__":
    sys.exit(main())
