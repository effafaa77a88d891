"""Which kind of sensor a file is from, as its tags tell before anything is unpacked."""

from __future__ import annotations

from typing import Final

from darkroomd.core.allowance import Sensor
from darkroomd.imaging import tiff
from darkroomd.imaging.containers import holds_sensor_data

_RAF_MAGIC: Final = b"FUJIFILMCCD-RAW"
_CELL_SIDES: Final = 33421
_XTRANS_SIDES: Final = (6, 6)


def sensor_of(blob: bytes) -> Sensor:
    """Return the kind of sensor; Fuji's own files count as X-Trans, which most of them are.

    For those that are not, more patience than they need does no harm.
    """
    if blob.startswith(_RAF_MAGIC):
        return Sensor.XTRANS
    cells = (
        folder[_CELL_SIDES].integers(most=2)
        for folder in tiff.folders(blob)
        if _CELL_SIDES in folder and holds_sensor_data(folder)
    )
    return Sensor.XTRANS if _XTRANS_SIDES in cells else Sensor.USUAL
