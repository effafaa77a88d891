"""What an output says beside its picture: the camera's word on the shot, whose work it is, and its time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from darkroomd.core.recipes import MetadataPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What is asked of an output's metadata.

    Attributes:
        policy: what of the camera's word passes. The three below are people's word, and pass always, but
            the time: without any metadata there is no date either.
        artist: stands in for the camera's; empty leaves it out, None leaves it as it is.
        copyright: likewise.
        corrected_at_usec: when the photo was taken by somebody who knows better than the camera,
            microseconds since the epoch as in `Photo.corrected_at_usec`; None: the camera is right.
    """

    policy: MetadataPolicy = MetadataPolicy.ALL
    artist: str | None = None
    copyright: str | None = None
    corrected_at_usec: int | None = None


def dated_look(look: str, corrected_at_usec: int | None) -> str:
    """Return what stands for look and time of a photo among the inputs of its outputs.

    It is the digest of the adjustments alone as long as the camera's time holds.
    """
    if corrected_at_usec is None:
        return look
    return hashlib.sha256(f"{look} {corrected_at_usec}".encode()).hexdigest()
