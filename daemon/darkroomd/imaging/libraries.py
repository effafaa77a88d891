"""Which libraries work here: known for sure only to the process that has loaded them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import cast

import rawpy
from PIL import features

from darkroomd.imaging.messages import Ready
from darkroomd.imaging.version import pipeline_version


def greeting() -> Ready:
    """Return what a worker says first."""
    # None where a LibRaw too old to tell was linked by whoever built rawpy.
    flags = cast("Mapping[str, bool] | None", rawpy.flags) or {}
    return Ready(
        pid=os.getpid(),
        pipeline=pipeline_version(),
        libraw=".".join(map(str, rawpy.libraw_version)),
        libraw_flags=tuple(sorted(name for name, is_set in flags.items() if is_set)),
        jpeg=_jpeg(),
    )


def _jpeg() -> str:
    turbo = features.version_feature("libjpeg_turbo")
    return f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version_codec('jpg')}"
