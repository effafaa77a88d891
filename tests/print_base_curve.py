"""Prints the table of `docs/look.md` that lays the neutral look beside a camera's own.

It needs the camera files that `make.raws` finds.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import rawpy
from numpy.typing import NDArray
from PIL import Image

from darkroomd.imaging import srgb
from darkroomd.imaging.look import curves, tone
from make import raws

CAMERAS: Final = {"Canon PowerShot S40": "canon_s40.crw"}
SHARES: Final = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LUMA: Final = (0.2126, 0.7152, 0.0722)


def quantiles(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the quantiles of a picture's luma, 0 to 1."""
    return np.quantile((picture / 255.0) @ np.array(LUMA), SHARES)


def plain_and_preview(source: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the quantiles of a RAW file as plain sRGB, and those of the preview that its camera made."""
    with rawpy.imread(str(source)) as raw:
        preview = np.asarray(Image.open(io.BytesIO(raw.extract_thumb().data)).convert("RGB"))
        plain = raw.postprocess(use_camera_wb=True, no_auto_bright=True, gamma=srgb.GAMMA, output_bps=8)
    return quantiles(plain), quantiles(preview)


def rows(folder: Path) -> Iterator[str]:
    """Yield the table in Markdown, for the cameras whose files lie in `folder`."""
    for camera, name in CAMERAS.items():
        plain, preview = plain_and_preview(folder / name)
        yield _row("u, plain sRGB", plain)
        yield "|---" * (len(SHARES) + 1) + "|"
        yield _row(camera, preview)
        yield _row("**neutral**", curves.follow(tone.BASE_CURVE, plain))


def _row(name: str, values: NDArray[np.float64]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |"


if __name__ == "__main__":
    found = raws()
    if found is None:
        raise SystemExit("There are no camera files here. Name their folder in DARKROOM_RAWS.")
    sys.stdout.write("\n".join([*rows(found), ""]))
