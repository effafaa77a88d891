"""What one photo may cost: memory and time by its size, and time by its sensor too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

USUAL_PIXELS: Final = 24_000_000
"""Photos up to this size from a usual sensor have the deadline of the configuration."""

LEAST_MEMORY_BYTES: Final = 1 << 30
"""For what a worker holds without any picture, its libraries and the stacks of its threads among them."""

MEMORY_BYTES_PER_PIXEL: Final = 100
"""Above twice of what LibRaw takes for its largest intermediate pictures (37 bytes measured)."""

MEMORY_PER_FILE_BYTE: Final = 3
"""The file is held twice while it is decoded, and once more as what its blocks are read into."""


MOST_PIXELS_PER_BYTE: Final = 160
"""No coding packs a picture denser: a small file that claims to be a large picture earns no memory."""


class Sensor(Enum):
    """How much work a sensor makes."""

    USUAL = "usual"
    XTRANS = "xtrans"


PATIENCE: Final = {Sensor.USUAL: 1, Sensor.XTRANS: 5}
"""What a pixel costs, by sensor: Fuji's six by six cell takes several times the work of Bayer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """What is known of a photo once its file was opened, before anything is unpacked.

    Attributes:
        file_bytes: length of the file.
        pixels: of the sensor.
        sensor: as far as the file tells.
    """

    file_bytes: int
    pixels: int
    sensor: Sensor = Sensor.USUAL


def memory_bytes(burden: Burden) -> int:
    """Return the address space that a worker may take to develop this photo."""
    pixels = min(burden.pixels, burden.file_bytes * MOST_PIXELS_PER_BYTE)
    return LEAST_MEMORY_BYTES + burden.file_bytes * MEMORY_PER_FILE_BYTE + pixels * MEMORY_BYTES_PER_PIXEL


def deadline_seconds(usual_seconds: float, burden: Burden) -> float:
    """Return how long the development of this photo may take where a usual one has `usual_seconds`."""
    return usual_seconds * max(1.0, burden.pixels * PATIENCE[burden.sensor] / USUAL_PIXELS)
