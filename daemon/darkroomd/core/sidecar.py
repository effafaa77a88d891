"""The sidecar of a photo, `<name>.rrdata`: how it is read, and how a preset is frozen into it.

The strict form is written (`version` an integer, `rating` 0 to 5, `tags` strings), the loose one is read.
Keys that we do not know stay, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from darkroom.protocol.types import Failure
from darkroomd.core.adjustment_keys import OUR_BLOCK
from darkroomd.core.json_values import (
    Broken,
    Json,
    JsonObject,
    as_list,
    as_object,
    as_text,
    as_whole,
    canonical,
    decode_object,
    either,
    encode_object,
)
from darkroomd.core.model import CorrelationId
from darkroomd.core.presets import LOOK_VERSION, Preset

FORMAT_VERSION: Final = 1
HIGHEST_RATING: Final = 5

NEWEST_VERSION: Final = 2**31 - 1
"""What claims to be newer is no version; readers hold it in 32 bits."""

UNREADABLE: Final = "sidecar.unreadable"
"""Warning of a photo whose sidecar could not be read and was kept aside."""

NAME_TOO_LONG: Final = "sidecar.name_too_long"
"""Warning of a photo whose name leaves no room for the sidecar's suffix: nothing is frozen."""

UNSUPPORTED: Final = "preset.unsupported"
"""Failure of a photo whose sidecar asks for what cannot be done, where that is not tolerated."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SidecarDemands:
    """What is asked of a sidecar before its photo is developed.

    Attributes:
        strict: everything that it sets is honoured.
        readable: it can be read; otherwise a new one stands in for it.
    """

    strict: bool = False
    readable: bool = False


def refusal(
    demands: SidecarDemands, unsupported: Sequence[str], *, problem: str, context: Mapping[str, str]
) -> Failure | None:
    """Return why a photo may not be developed with its sidecar; `problem` is why that cannot be read."""
    if demands.readable and problem:
        return Failure(
            code=UNREADABLE,
            message=f"The sidecar cannot be read: {problem}. Repair or remove it.",
            transient=False,
            context={**context},
        )
    if demands.strict and unsupported:
        return Failure(
            code=UNSUPPORTED,
            message=f"The sidecar sets what is not honoured: {', '.join(unsupported)}. Remove that from the "
            "preset or the sidecar, or do without presets.strict in the configuration.",
            transient=False,
            context={**context, "unsupported": list(unsupported)},
        )
    return None


def is_mended(failure: Failure | None, warnings: Sequence[str]) -> bool:
    """Whether a photo failed for an unreadable sidecar alone, whose `warnings` say that it is mended."""
    return failure is not None and failure.code == UNREADABLE and UNREADABLE not in warnings


@dataclass(frozen=True, slots=True)
class Frozen:
    """The preset is merged: `data` is to be written in place of the sidecar."""

    data: bytes
    adjustments: Mapping[str, Json]
    preset_id: str


@dataclass(frozen=True, slots=True)
class AlreadyFrozen:
    """A preset was frozen before: the sidecar stays as it is, to the byte."""

    adjustments: Mapping[str, Json]
    preset_id: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The sidecar is to be kept aside; `reason` is a clause without a full stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar as it was read.

    Attributes:
        adjustments: all of them, with the notes of programs.
        preset_id: of the preset that we froze; None if we did not.
    """

    document: JsonObject
    adjustments: JsonObject
    preset_id: str | None


def read_sidecar(data: bytes) -> Sidecar | Unreadable:
    """Read a sidecar as leniently as can be done without guessing at adjustments."""
    document = decode_object(data)
    if isinstance(document, Broken):
        return Unreadable(document.reason)
    adjustments = document.get("adjustments")
    if adjustments is None:
        return Sidecar(document, {}, None)
    if not isinstance(adjustments, dict):
        return Unreadable("its adjustments are not a JSON object")
    block = as_object(adjustments.get(OUR_BLOCK)) or {}
    return Sidecar(document, adjustments, as_text(either(block, "presetId", "preset_id")))


def freeze(
    existing: bytes | None, preset: Preset, *, applied_at_usec: int, correlation_id: CorrelationId
) -> Frozen | AlreadyFrozen | Unreadable:
    """Merge a preset into the sidecar `existing` (None: there is none).

    The preset's own keys replace those that stand there, all other keys stay.
    """
    if existing is None:
        return frozen_anew(preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id)
    sidecar = read_sidecar(existing)
    if isinstance(sidecar, Unreadable):
        return sidecar
    if sidecar.preset_id is not None:
        return AlreadyFrozen(sidecar.adjustments, sidecar.preset_id)
    return _merged(sidecar, preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id)


def frozen_anew(preset: Preset, *, applied_at_usec: int, correlation_id: CorrelationId) -> Frozen:
    """Return the sidecar of a photo that has none."""
    return _merged(
        Sidecar({}, {}, None), preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id
    )


def replace_preset(
    existing: bytes | None,
    preset: Preset,
    presets: Mapping[str, Preset],
    *,
    applied_at_usec: int,
    correlation_id: CorrelationId,
) -> Frozen | Unreadable:
    """Freeze another preset in place of the one that was frozen before; `presets` are all there are, by id.

    What the old preset had set goes, except where somebody changed it since; then the new one is merged as
    `freeze` does. Of an old preset that is no longer there every key stays, since nobody knows whose it is.
    """
    sidecar = Sidecar({}, {}, None) if existing is None else read_sidecar(existing)
    if isinstance(sidecar, Unreadable):
        return sidecar
    old = presets.get(sidecar.preset_id or "")
    left = sidecar.adjustments if old is None else _without(sidecar.adjustments, old.adjustments)
    return _merged(
        Sidecar(sidecar.document, left, None),
        preset,
        applied_at_usec=applied_at_usec,
        correlation_id=correlation_id,
    )


def rfc3339(at_usec: int) -> str:
    """Write a point in time as RFC 3339 in UTC, to the millisecond."""
    at = _EPOCH + timedelta(microseconds=at_usec)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _merged(
    sidecar: Sidecar, preset: Preset, *, applied_at_usec: int, correlation_id: CorrelationId
) -> Frozen:
    block = _block(preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id)
    adjustments: JsonObject = {**sidecar.adjustments, **preset.adjustments, OUR_BLOCK: block}
    return Frozen(encode_object(_strict(sidecar.document, adjustments)), adjustments, preset.id)


def _without(adjustments: JsonObject, old: Mapping[str, Json]) -> JsonObject:
    return {
        key: value
        for key, value in adjustments.items()
        if key not in old or canonical(old[key]) != canonical(value)
    }


def _block(preset: Preset, *, applied_at_usec: int, correlation_id: CorrelationId) -> JsonObject:
    return {
        "presetId": preset.id,
        "presetName": preset.name,
        "appliedAt": rfc3339(applied_at_usec),
        "lookVersion": LOOK_VERSION,
        "correlationId": correlation_id,
    }


def _strict(document: JsonObject, adjustments: JsonObject) -> JsonObject:
    known: JsonObject = {
        "version": _version(document.get("version")),
        "rating": _rating(document.get("rating")),
        "adjustments": adjustments,
        "tags": _tags(document.get("tags")),
    }
    # A key that stands in the document keeps its place; the missing ones follow.
    return {**document, **known}


def _version(value: Json) -> int:
    version = _number(value)
    return version if version is not None and FORMAT_VERSION <= version <= NEWEST_VERSION else FORMAT_VERSION


def _rating(value: Json) -> int:
    return min(max(_number(value) or 0, 0), HIGHEST_RATING)


def _number(value: Json) -> int | None:
    """Read a number that may be written as a fraction or a string; the fraction is dropped."""
    if isinstance(value, str):
        try:
            return int(float(value))
        except (ValueError, OverflowError):
            return None
    return int(value) if isinstance(value, float) else as_whole(value)


def _tags(value: Json) -> Json:
    tags = as_list(value)
    return None if tags is None else [tag for tag in tags if isinstance(tag, str)]
