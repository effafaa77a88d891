from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkroomd.core.framing import Affine
from darkroomd.imaging import guided, luma, planes, strips

Sixteen = NDArray[np.uint16]

SIDES = st.integers(1, 70)
FACTORS = st.sampled_from([2, 4, 8, 16])


def noise(height: int, width: int) -> Sixteen:
    return np.random.default_rng(height * 100 + width).integers(0, 65_536, (height, width), dtype=np.uint16)


@given(height=st.integers(1, 5000), width=st.integers(1, 200_000))
def test_strips_hold_every_row_once_and_begin_aligned(height: int, width: int) -> None:
    rows = strips.strips(height, width=width)

    assert [row for each in rows for row in range(each.start, each.stop)] == list(range(height))
    assert all(each.start % strips.ALIGNED == 0 for each in rows)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_error_of_a_strip_is_raised(threads: int) -> None:
    def work(piece: int) -> None:
        if piece == 3:
            raise ValueError(piece)

    with pytest.raises(ValueError, match="3"):
        strips.each(work, range(5), threads=threads)


@settings(max_examples=30, deadline=None)
@given(height=SIDES, width=SIDES, factor=FACTORS)
def test_a_reduction_is_the_exact_mean_with_the_borders_repeated(
    height: int, width: int, factor: int
) -> None:
    plane = noise(height, width)
    padded = np.pad(plane, ((0, -height % factor), (0, -width % factor)), mode="edge").astype(np.float64)
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor

    small = planes.shrunk(plane, factor=factor)

    means = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    # OpenCV rounds halves up when it halves, and to even numbers otherwise.
    assert np.abs(small - means).max() <= 0.5


@settings(max_examples=30, deadline=None)
@given(height=SIDES, width=SIDES, factor=FACTORS, strip=st.integers(1, 4))
def test_an_enlargement_is_the_same_however_it_is_cut_into_rows(
    height: int, width: int, factor: int, strip: int
) -> None:
    small = planes.shrunk(noise(height, width), factor=factor)
    step = strip * factor
    cuts = [slice(top, min(height, top + step)) for top in range(0, height, step)]

    whole = planes.grown(small, factor=factor, rows=slice(0, height), width=width)

    assert whole.shape == (height, width)
    assert np.array_equal(
        np.vstack([planes.grown(small, factor=factor, rows=rows, width=width) for rows in cuts]), whole
    )


@pytest.mark.parametrize("radius", [1, 3, 10])
def test_window_means_are_those_of_whole_numbers(radius: int) -> None:
    values = noise(40, 50).astype(np.float64) ** 2
    side = 2 * radius + 1
    mirrored = np.pad(values, radius, mode="reflect")

    means = planes.window_means(values, radius=radius)

    windows = np.lib.stride_tricks.sliding_window_view(mirrored, (side, side))
    assert np.array_equal(means, windows.sum(axis=(2, 3)) / (side * side))


def test_a_place_between_pixels_is_sampled_between_their_values() -> None:
    ramp = np.repeat(np.arange(0, 64_000, 1000, dtype=np.uint16)[np.newaxis], 30, axis=0)
    pixels = np.repeat(ramp[:, :, np.newaxis], 3, axis=2)
    shifted = Affine(xx=1.0, xy=0.0, x0=20.5, yx=0.0, yy=1.0, y0=10.0)

    taken = planes.sampled(pixels, shifted, width=9, height=9)

    assert np.abs(taken[:, :, 0].astype(int) - (np.arange(9) * 1000 + 20_500)).max() < 30


def test_the_luma_of_a_grey_is_its_value() -> None:
    greys = np.arange(65_536, dtype=np.uint16)[np.newaxis]

    assert np.array_equal(luma.of_channels(greys, greys, greys), greys)


def test_a_guided_filter_keeps_an_edge_and_evens_out_the_rest() -> None:
    plane = np.full((120, 200), 20_000, dtype=np.uint16)
    plane[:, 100:] = 50_000
    plane += np.random.default_rng(1).integers(0, 1000, plane.shape, dtype=np.uint16)

    fit = guided.fitted(
        plane,
        plane,
        window=guided.Window(radius=4, epsilon=0.05),
        scales=guided.OF_ITSELF,
        factor=1,
        threads=1,
    )
    filtered = fit.over(plane.astype(np.float32), slice(0, 120))

    assert filtered[:, 99].mean() == pytest.approx(plane[:, 99].mean(), abs=1500)
    assert filtered[:, 20:80].std() < 0.25 * plane[:, 20:80].std()
