"""The compiled kernel against its reference, byte for byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import kernel_reference
from darkroomd.imaging import kernel

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built: there was no compiler")

ORDERS = {
    "rggb": ((0, 1), (3, 2)),
    "bggr": ((2, 3), (1, 0)),
    "grbg": ((1, 0), (2, 3)),
    "gbrg": ((3, 2), (0, 1)),
    "rggb-of-three": ((0, 1), (1, 2)),
}
CAMERA = np.array([[1.6, -0.5, -0.1], [-0.2, 1.5, -0.3], [0.0, -0.6, 1.6]])
EXTREMES = (0, 1, 511, 512, 513, 16_383, 65_534, 65_535)

sides = st.integers(2, 40)
orders = st.sampled_from(sorted(ORDERS))
widths_of_values = st.sampled_from((8, 16))


def tables() -> NDArray[np.uint16]:
    """Return three curves that differ from each other and from one index to the next."""
    index = np.arange(65_536)
    return np.stack([index, 65_535 - index, (index * 40_503) % 65_536]).astype(np.uint16)


TABLES = tables()
SMALL_TABLES = ((TABLES.astype(np.uint32) + 128) // 257).astype(np.uint8)


def mosaic_of(seed: int, *, height: int, width: int) -> NDArray[np.uint16]:
    """Return sensor values, a quarter of them extremes."""
    chance = np.random.default_rng(seed)
    values = chance.integers(0, 65_536, (height, width))
    extremes = chance.choice(EXTREMES, (height, width))
    return np.where(chance.random((height, width)) < 0.25, extremes, values).astype(np.uint16)


def numbers(seed: int = 1) -> dict[str, Any]:
    """Return black, scale and matrix as cameras have them, black and scale of each cell being its own."""
    chance = np.random.default_rng(seed)
    return {
        "black": chance.integers(0, 2_000, (2, 2)).astype(np.float32),
        "scale": (chance.uniform(0.9, 3.0, (2, 2)) / 60_000).astype(np.float32),
        "matrix": (CAMERA * chance.uniform(0.5, 1.5, 3)).astype(np.float32),
    }


@given(
    seed=st.integers(0, 2**32 - 1),
    height=sides,
    width=sides,
    order=orders,
    bits=widths_of_values,
    parts=st.integers(1, 5),
)
def test_the_kernel_does_what_its_reference_does_whatever_the_parts(
    *, seed: int, height: int, width: int, order: str, bits: kernel.Bits, parts: int
) -> None:
    mosaic, pattern = mosaic_of(seed, height=height, width=width), np.array(ORDERS[order])
    wanted = kernel_reference.developed(
        mosaic, pattern=pattern, tables=TABLES if bits == 16 else SMALL_TABLES, **numbers(seed)
    )

    made = kernel.develop(mosaic, pattern=pattern, tables=TABLES, bits=bits, parts=parts, **numbers(seed))

    assert made.dtype == wanted.dtype
    np.testing.assert_array_equal(made, wanted)
