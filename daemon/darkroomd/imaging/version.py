"""The version of the pipeline. Imports nothing heavy: the daemon asks it without loading a decoder."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
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


def installed_version(distribution: str) -> str:
    """Return the version of a distribution as it is installed at this moment, by its normal name.

    `importlib.metadata` is asked only where the files are not as a wheel leaves them: it would cost the
    daemon two megabytes, most of which is a parser of mail.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    pattern = f"{distribution.replace('-', '_')}-*.dist-info/METADATA"
    for folder in sys.path:
        for file in Path(folder).glob(pattern):
            if (found := _version_in(file)) is not None:
                return found
    from importlib.metadata import version  # noqa: PLC0415 - see above

    return version(distribution)


def _version_in(file: Path) -> str | None:
    try:
        head = file.read_text(encoding="utf-8").partition("\n\n")[0]
    except FileNotFoundError:  # an update takes place at this moment
        return None
    found = (line for line in head.splitlines() if line.startswith("Version: "))
    line = next(found, None)
    return None if line is None else line.removeprefix("Version: ").strip()


@cache
def pipeline_version() -> str:
    """Return what, besides RAW file, sidecar and recipe, decides on an output's bytes.

    The wheels of rawpy and Pillow carry LibRaw and libjpeg-turbo, so their versions stand for both.
    """
    engine = KERNEL if kernel_is_built() else PLAIN
    rawpy, pillow, opencv = map(installed_version, ("rawpy", "pillow", "opencv-python-headless"))
    return f"{engine}-{REVISION}+rawpy-{rawpy}+pillow-{pillow}+opencv-{opencv}"
