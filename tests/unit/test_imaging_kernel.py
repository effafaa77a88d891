"""The compiled kernel against its reference, byte for byte."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import kernel_reference
from darkroomd.imaging import kernel
from darkroomd.imaging.version import KERNEL_MODULE

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


def compiled() -> Any:
    """Return the compiled module itself."""
    return import_module(KERNEL_MODULE)


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


@given(
    seed=st.integers(0, 2**32 - 1), height=st.integers(1, 20), width=st.integers(1, 20), bits=widths_of_values
)
def test_a_linear_picture_is_tinted_as_the_reference_does_it(
    seed: int, height: int, width: int, bits: kernel.Bits
) -> None:
    picture = np.random.default_rng(seed).integers(0, 65_536, (height, width, 3)).astype(np.uint16)
    matrix = numbers(seed)["matrix"]
    wanted = kernel_reference.tinted(picture, matrix=matrix, tables=TABLES if bits == 16 else SMALL_TABLES)

    made = kernel.tint(picture, matrix=matrix, tables=TABLES, bits=bits)

    np.testing.assert_array_equal(made, wanted)


def test_without_the_compiled_kernel_a_linear_picture_gets_the_same_bytes() -> None:
    picture = np.random.default_rng(5).integers(0, 65_536, (301, 33, 3)).astype(np.uint16)
    matrix = numbers()["matrix"]
    plain: kernel.Shown = np.empty(picture.shape, np.uint16)

    kernel._tint_in_strips(picture, plain, TABLES, matrix)

    np.testing.assert_array_equal(plain, kernel.tint(picture, matrix=matrix, tables=TABLES, bits=16))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [(2, 2), (2, 3), (3, 2), (3, 3), (5, 4), (7, 9), (2, 31), (31, 2)])
def test_odd_and_smallest_sizes_are_developed(size: tuple[int, int], order: str) -> None:
    mosaic, pattern = mosaic_of(3, height=size[0], width=size[1]), np.array(ORDERS[order])

    made = kernel.develop(mosaic, pattern=pattern, tables=TABLES, bits=16, **numbers())

    wanted = kernel_reference.developed(mosaic, pattern=pattern, tables=TABLES, **numbers())
    np.testing.assert_array_equal(made, wanted)


def test_rows_that_lie_apart_are_read_where_they_are() -> None:
    sensor = mosaic_of(4, height=40, width=60)
    visible = sensor[6:31, 12:41]
    pattern = np.array(ORDERS["rggb"])

    made = kernel.develop(visible, pattern=pattern, tables=TABLES, bits=8, **numbers())

    apart = kernel.develop(visible.copy(), pattern=pattern, tables=TABLES, bits=8, **numbers())
    np.testing.assert_array_equal(made, apart)


@pytest.mark.parametrize("level", [0, 600, 20_000, 65_535])
def test_an_even_grey_stays_even_and_grey(level: int) -> None:
    mosaic = np.full((9, 11), level, np.uint16)
    even = {"black": np.full((2, 2), 600.0), "scale": np.full((2, 2), 1 / 60_000), "matrix": np.eye(3)}
    straight = np.stack([np.arange(65_536)] * 3).astype(np.uint16)

    made = kernel.develop(mosaic, pattern=np.array(ORDERS["rggb"]), tables=straight, bits=16, **even)

    expected = min(max(level - 600, 0) / 60_000, 1) * 65_535
    assert np.abs(made.astype(float) - expected).max() <= 1


def test_what_clips_in_one_colour_clips_in_all() -> None:
    pattern = np.array(ORDERS["rggb"])
    balance = np.array([2.3, 1.0, 1.4, 1.0])[pattern]
    even = {"black": np.zeros((2, 2)), "scale": balance / 65_535, "matrix": CAMERA}
    straight = np.stack([np.arange(65_536)] * 3).astype(np.uint16)

    made = kernel.develop(
        np.full((8, 8), 65_535, np.uint16), pattern=pattern, tables=straight, bits=8, **even
    )

    assert made.min() == 255


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_no_number_stays_in_the_table(wrong: float) -> None:
    mosaic, pattern = mosaic_of(9, height=16, width=17), np.array(ORDERS["gbrg"])
    given_numbers = numbers()
    for values in given_numbers.values():
        values[0, 0] = wrong

    made = kernel.develop(mosaic, pattern=pattern, tables=TABLES, bits=16, **given_numbers)

    again = kernel.develop(mosaic, pattern=pattern, tables=TABLES, bits=16, parts=3, **given_numbers)
    np.testing.assert_array_equal(made, again)


GOOD = {
    "mosaic": np.zeros((4, 6), np.uint16),
    "out": np.zeros((4, 6, 3), np.uint8),
    "tables": SMALL_TABLES,
    "matrix": np.eye(3, dtype=np.float32),
    "black": np.zeros((2, 2), np.float32),
    "scale": np.ones((2, 2), np.float32),
    "red_row": 0,
    "red_column": 0,
    "top": 0,
    "bottom": 4,
}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"mosaic": np.zeros((4, 6), np.int16)}, id="type-of-values"),
        pytest.param({"mosaic": np.zeros((4, 6, 1), np.uint16)}, id="dimensions"),
        pytest.param({"mosaic": np.zeros((1, 6), np.uint16)}, id="too-small"),
        pytest.param({"mosaic": np.zeros((4, 12), np.uint16)[:, ::2]}, id="gaps-in-rows"),
        pytest.param({"mosaic": np.zeros((4, 6), np.uint16)[:, ::-1]}, id="rows-backwards"),
        pytest.param({"out": np.zeros((4, 6, 3), np.uint16)}, id="type-of-output"),
        pytest.param({"out": np.zeros((4, 5, 3), np.uint8)}, id="shape-of-output"),
        pytest.param({"tables": SMALL_TABLES[:2]}, id="two-tables"),
        pytest.param({"tables": np.ascontiguousarray(SMALL_TABLES[:, :-1])}, id="short-tables"),
        pytest.param({"tables": SMALL_TABLES.astype(np.int8)}, id="type-of-tables"),
        pytest.param({"matrix": np.eye(3)}, id="type-of-matrix"),
        pytest.param({"matrix": np.zeros((3, 4), np.float32)}, id="shape-of-matrix"),
        pytest.param({"black": np.zeros(4, np.float32)}, id="shape-of-black"),
        pytest.param({"scale": np.zeros((2, 2))}, id="type-of-scale"),
        pytest.param({"red_row": 2}, id="red-row"),
        pytest.param({"red_column": -1}, id="red-column"),
        pytest.param({"top": -1}, id="top"),
        pytest.param({"bottom": 5}, id="bottom"),
        pytest.param({"top": 3, "bottom": 2}, id="order"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_touched(wrong: dict[str, Any]) -> None:
    arguments = GOOD | wrong

    with pytest.raises(ValueError, match=r"\.$"):
        compiled().develop(*arguments.values())


def test_an_output_that_cannot_be_written_is_refused() -> None:
    sealed = np.zeros((4, 6, 3), np.uint8)
    sealed.flags.writeable = False

    with pytest.raises((ValueError, BufferError)):
        compiled().develop(*(GOOD | {"out": sealed}).values())


GOLDEN = {
    "rggb": "ba9621ea03c9de0a",
    "bggr": "b6f3376b695daa26",
    "grbg": "d32b42ca9785d4ca",
    "gbrg": "65bbccc3eceeede3",
}


@pytest.mark.parametrize("order", GOLDEN)
def test_the_bytes_are_those_of_every_machine(order: str) -> None:
    mosaic = (np.arange(120 * 90, dtype=np.int64) ** 2 * 7_919 % 65_536).astype(np.uint16).reshape(90, 120)
    pattern = np.array(ORDERS[order])
    given_numbers = {
        "black": np.full((2, 2), 512.0),
        "scale": np.array([2.25, 1.0, 1.5, 1.0])[pattern] / 15_871,
        "matrix": CAMERA,
    }

    made = kernel.develop(mosaic, pattern=pattern, tables=TABLES, bits=8, **given_numbers)

    assert hashlib.sha256(made.tobytes()).hexdigest()[:16] == GOLDEN[order]
