"""What `darkroomd --check-config` says: every flaw with its file, line and key, or that all is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from darkroom.errors import DarkroomError
from darkroomd.config_advice import advice
from darkroomd.core.faults import ConfigInvalid, ConfigUnreadable
from darkroomd.core.flaws import Flaw, Place, place_of
from darkroomd.core.toml_text import printable
from darkroomd.settings import COMMAND_LINE, Settings, Sources, findings

WARNING_CODE = "config.questionable"
"""What programs know warnings by; the daemon starts in spite of them."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say of the configuration, as programs get it.

    Attributes:
        level: "error": the daemon does not start; "warning": it does.
        code: stable name.
        path: the file, or "the command line".
        line: from 1; None where that is not known.
        key: its name; None where it is a file or an option.
        message: what is wrong and what to do.
    """

    level: str
    code: str
    path: str
    line: int | None
    key: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a check.

    Attributes:
        remarks: errors first.
        exit_status: of the command; 0 without errors.
        layers: files that were read, the lowest first.
    """

    remarks: tuple[Remark, ...]
    exit_status: int = 0
    layers: tuple[str, ...] = field(default=())

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        for remark in self.remarks:
            place = Place(source=remark.path, line=remark.line, key=remark.key or "")
            mark = "" if remark.level == "error" else "warning: "
            yield printable(f"{place}: {mark}{remark.message}")
        if not self.exit_status:
            yield printable(_in_order(self.layers))

    def json_lines(self) -> Iterator[str]:
        """Yield it for programs, an object a line; nothing to say is nothing."""
        return (msgspec.json.encode(_encodable(remark)).decode() for remark in self.remarks)


def check_configuration(sources: Sources) -> Report:
    """Read the configuration and look at all that it names; blocks, and touches nothing.

    A table with a flaw, or an array, is looked at no further than that; all others are.
    """
    flaws: list[Flaw] = []
    errors: list[DarkroomError] = []
    try:
        settings = Settings.gather(sources, on_flaws=flaws.extend, on_overlay=errors.append)
    except ConfigUnreadable as error:
        return Report((*_invalid(flaws), _of_error(error, str(error.path))), error.exit_status)
    errors += findings(settings)
    # What is doubtful may be so for lack of what is wrong.
    doubts = () if flaws else advice(settings.config, settings.layers)
    statuses = [ConfigInvalid.exit_status] * bool(flaws) + [error.exit_status for error in errors]
    return Report(
        (
            *_invalid(flaws),
            *map(_of_error, errors),
            *(_of_flaw(doubt, "warning", WARNING_CODE) for doubt in doubts),
        ),
        exit_status=statuses[0] if statuses else 0,
        layers=tuple(layer.source for layer in settings.layers),
    )


def _invalid(flaws: Sequence[Flaw]) -> Iterator[Remark]:
    return (_of_flaw(flaw, "error", ConfigInvalid.code) for flaw in flaws)


def _of_flaw(flaw: Flaw, level: str, code: str) -> Remark:
    message = f"{flaw.problem}. {flaw.remedy}"
    return Remark(
        level=level, code=code, path=flaw.source, line=flaw.line, key=flaw.key or None, message=message
    )


def _of_error(error: DarkroomError, source: str = COMMAND_LINE) -> Remark:
    place = place_of(error) or Place(source=source, line=None, key="")
    return Remark(
        level="error",
        code=error.code,
        path=place.source,
        line=place.line,
        key=place.key or None,
        message=error.message,
    )


def _in_order(layers: Sequence[str]) -> str:
    if not layers:
        return "The configuration is in order: there is no file, and everything has its default."
    return f"The configuration is in order. It was read from {', then '.join(layers)}."


def _encodable(remark: Remark) -> Remark:
    return msgspec.structs.replace(remark, path=printable(remark.path), message=printable(remark.message))
