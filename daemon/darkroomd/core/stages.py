"""The stages of a development, and how far a photo is when one of them begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroomd.core.allowance import Sensor

UNPACK: Final = "unpack"
DEVELOP: Final = "develop"
ENCODE: Final = "encode"

READ_PERCENT: Final = 1
"""Of the whole, once the file is in memory; from there on the disk has nothing to do."""

_UNPACKING: Final = 22
_BY_KERNEL: Final = 4
_BY_LIBRAW: Final = 35
_OF_XTRANS: Final = 480
_MORE_PASSES: Final = 30
_ENCODING: Final = 7
"""Nanoseconds a pixel, measured on 24 megapixels of Bayer and 16 of X-Trans; only their ratios count here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labour:
    """What a photo takes, as it is known once its file is unpacked.

    Attributes:
        sensor: as far as the file tells.
        by_kernel: our own kernel develops it; otherwise LibRaw does.
        more_passes: its look computes pixels once more after that.
        outputs: how many are written.
    """

    sensor: Sensor = Sensor.USUAL
    by_kernel: bool = True
    more_passes: bool = False
    outputs: int = 1


def percent_at(stage: str, labour: Labour) -> int:
    """Return how much of the whole is done when this stage begins, 0 to 100."""
    developing = _BY_KERNEL if labour.by_kernel else _BY_LIBRAW
    if labour.sensor is Sensor.XTRANS and not labour.by_kernel:
        developing = _OF_XTRANS
    if labour.more_passes:
        developing += _MORE_PASSES
    done = {UNPACK: 0, DEVELOP: _UNPACKING, ENCODE: _UNPACKING + developing}
    return round(100 * done[stage] / (_UNPACKING + developing + _ENCODING * labour.outputs))
