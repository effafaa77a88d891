"""The version of the pipeline. Imports nothing heavy: the daemon asks it without loading a decoder."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Final

ENGINE: Final = "libraw-ahd"
"""What turns a mosaic into a picture."""

REVISION: Final = 2
"""Of our own steps. Raise it with every change that can change a byte of an output."""


@cache
def pipeline_version() -> str:
    """Return what, besides RAW file, sidecar and recipe, decides on an output's bytes.

    The wheels of rawpy and Pillow carry LibRaw and libjpeg-turbo, so their versions stand for both.
    """
    return f"{ENGINE}-{REVISION}+rawpy-{version('rawpy')}+pillow-{version('pillow')}"
