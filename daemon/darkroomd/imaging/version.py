"""The version of the pipeline. Imports nothing heavy: the daemon asks it without loading a decoder."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Final

KERNEL: Final = "kernel"
PLAIN: Final = "libraw"
"""What turns a mosaic into a picture, where the kernel is built and where it is not."""

KERNEL_MODULE: Final = "darkroomd.imaging._kernel"

REVISION: Final = 4
"""Of our own steps. Raise it with every change that can change a byte of an output."""


@cache
def kernel_is_built() -> bool:
    """Return whether the compiled kernel can be loaded; where there was no compiler, LibRaw stands in."""
    try:
        import_module(KERNEL_MODULE)
    except ImportError:
        return False
    return True


@cache
def pipeline_version() -> str:
    """Return what, besides RAW file, sidecar and recipe, decides on an output's bytes.

    The wheels of rawpy and Pillow carry LibRaw and libjpeg-turbo, so their versions stand for both.
    """
    engine = KERNEL if kernel_is_built() else PLAIN
    opencv = version("opencv-python-headless")
    return f"{engine}-{REVISION}+rawpy-{version('rawpy')}+pillow-{version('pillow')}+opencv-{opencv}"
