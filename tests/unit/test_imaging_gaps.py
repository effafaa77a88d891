from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroomd.imaging.extents import Coding, Extent, Rows
from darkroomd.imaging.gaps import check_written
from darkroomd.imaging.refusals import Refusal

BLACK = 512
HEIGHT, WIDTH = 120, 1_600
NOISE = np.random.default_rng(3).integers(1, 256, 60_000, np.uint8).tobytes()


def check(blob: bytes, coding: Coding, *, black: int = BLACK, rows: Rows | None = None) -> None:
    extent = Extent(start=0, length=len(blob), coding=coding, rows=rows, gapless=True)
    check_written(blob, [extent], black=black)


def check_plain(values: NDArray[np.uint16], *, black: int) -> None:
    height, width = values.shape
    rows = Rows(length=2 * width, kept_length=2 * width, kept=height, value_bytes=2)
    check(values.tobytes(), Coding.PLAIN, black=black, rows=rows)


def jpeg(*, first_symbol: int, content: bytes = NOISE) -> bytes:
    table = bytes((0, 0, 2)) + bytes(14) + bytes((first_symbol, 7))
    return b"\xff\xd8\xff\xc4" + (len(table) + 2).to_bytes(2) + table + b"\xff\xda" + content + b"\xff\xd9"


def emptied(content: bytes, start: int, end: int | None = None) -> bytes:
    end = len(content) if end is None else end
    return content[:start] + bytes(end - start) + content[end:]


def scene(*, mean: float = 3_000, noise: float = 200) -> NDArray[np.uint16]:
    values = np.random.default_rng(5).normal(mean, noise, (HEIGHT, WIDTH))
    return np.clip(np.rint(values), 0, 16_383).astype(np.uint16)


def emptied_values(start: int, end: int | None = None) -> NDArray[np.uint16]:
    values = scene()
    values.reshape(-1)[start:end] = 0
    return values


def dark_ground(*, tilt: float = 0.0) -> NDArray[np.uint16]:
    """Return a scene whose lower part is clipped to zero, below an edge of one row of blur."""
    edge = 60 + tilt * np.arange(WIDTH) / WIDTH
    light = np.clip(edge[None] - np.arange(HEIGHT)[:, None], 0, 1) * 500
    noise = np.random.default_rng(9).normal(-30, 12, (HEIGHT, WIDTH))
    return np.clip(np.rint(light + noise), 0, None).astype(np.uint16)


def black_object() -> NDArray[np.uint16]:
    values = scene()
    values[20:80, 100:1_500] = 0
    return values


def edge_of_zeros() -> NDArray[np.uint16]:
    values = scene()
    values[-1:] = 0
    values[:, -8:] = 0
    return values


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(jpeg(first_symbol=5), id="whole"),
        pytest.param(jpeg(first_symbol=5) + bytes(9_000), id="padded-behind-its-end"),
        pytest.param(jpeg(first_symbol=5)[:-2], id="without-an-end-marker"),
        pytest.param(jpeg(first_symbol=0, content=emptied(NOISE, 200, 50_000)), id="a-clipped-area"),
        pytest.param(jpeg(first_symbol=5, content=emptied(NOISE, 200, 900)), id="a-short-run"),
    ],
)
def test_a_jpeg_that_was_written_passes(blob: bytes) -> None:
    check(blob, Coding.JPEG)


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(bytes(60_000), id="nothing"),
        pytest.param(emptied(jpeg(first_symbol=5), 0, 4_096), id="no-beginning"),
        pytest.param(emptied(jpeg(first_symbol=5), 30_000), id="no-end"),
        pytest.param(emptied(jpeg(first_symbol=0), 30_000), id="no-end-in-a-clipped-area"),
        pytest.param(emptied(jpeg(first_symbol=5), 30_000, 34_096), id="a-hole"),
        pytest.param(jpeg(first_symbol=5)[:2] + bytes(5_000) + NOISE + b"\xff\xd9", id="no-tables"),
    ],
)
def test_a_jpeg_that_was_not_written_to_its_end_is_refused(blob: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        check(blob, Coding.JPEG)

    assert refusal.value.failure.code == "raw.truncated"


@pytest.mark.parametrize(
    ("values", "black"),
    [
        pytest.param(scene(), BLACK, id="a-scene"),
        pytest.param(scene(mean=BLACK, noise=3), BLACK, id="lens-cap-on"),
        pytest.param(scene(mean=0, noise=3), 0, id="lens-cap-on-at-black-zero"),
        pytest.param(edge_of_zeros(), BLACK, id="an-edge-that-is-never-read-out"),
        pytest.param(emptied_values(40 * WIDTH), 0, id="a-bar-below"),
        pytest.param(emptied_values(0, 40 * WIDTH), 0, id="a-bar-above"),
        pytest.param(dark_ground(), 0, id="dark-ground"),
        pytest.param(dark_ground(tilt=1), 0, id="dark-ground-with-an-edge-tilted-by-a-row"),
        pytest.param(dark_ground(tilt=20), 0, id="dark-ground-on-a-slope"),
        pytest.param(black_object(), 0, id="a-black-object"),
        pytest.param(np.zeros((HEIGHT, WIDTH), np.uint16), 0, id="nothing-above-zero"),
    ],
)
def test_plain_values_of_a_picture_pass(values: NDArray[np.uint16], black: int) -> None:
    check_plain(values, black=black)


@pytest.mark.parametrize(
    ("values", "black"),
    [
        pytest.param(emptied_values(60 * WIDTH + 700), BLACK, id="no-end"),
        pytest.param(emptied_values(60 * WIDTH + 700), 0, id="no-end-at-black-zero"),
        pytest.param(emptied_values(60 * WIDTH), BLACK, id="no-end-from-a-whole-row-on"),
        pytest.param(emptied_values(-100), BLACK, id="the-last-hundred-values"),
        pytest.param(emptied_values(0, 9 * WIDTH + 700), BLACK, id="no-beginning"),
        pytest.param(emptied_values(30 * WIDTH + 50, 30 * WIDTH + 50 + 2_048), BLACK, id="a-hole"),
        pytest.param(emptied_values(30 * WIDTH + 50, 30 * WIDTH + 50 + 2_048), 0, id="a-hole-at-black-zero"),
        pytest.param(emptied_values(30 * WIDTH, 31 * WIDTH), BLACK, id="a-hole-of-one-row"),
        pytest.param(np.zeros((HEIGHT, WIDTH), np.uint16), BLACK, id="nothing"),
    ],
)
def test_plain_values_that_were_not_written_are_refused(values: NDArray[np.uint16], black: int) -> None:
    with pytest.raises(Refusal) as refusal:
        check_plain(values, black=black)

    assert refusal.value.failure.code == "raw.truncated"


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(NOISE, id="whole"),
        pytest.param(NOISE + bytes(500), id="filled-up-to-a-round-length"),
        pytest.param(emptied(NOISE, 700, 2_700), id="a-short-run"),
    ],
)
def test_a_makers_own_coding_passes(blob: bytes) -> None:
    check(blob, Coding.OTHER)


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(emptied(NOISE, 58_000), id="no-end"),
        pytest.param(emptied(NOISE, 0, 2_000), id="no-beginning"),
        pytest.param(emptied(NOISE, 7_000, 11_096), id="a-hole"),
    ],
)
def test_a_makers_own_coding_with_a_gap_is_refused(blob: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        check(blob, Coding.OTHER)

    assert refusal.value.failure.code == "raw.truncated"


def test_the_padding_of_an_edge_tile_is_no_gap() -> None:
    tile = np.zeros((64, 640), np.uint16)
    tile[:40, :50] = scene()[:40, :50]
    rows = Rows(length=1_280, kept_length=100, kept=40, value_bytes=2)

    check(tile.tobytes(), Coding.PLAIN, rows=rows)


def test_values_of_an_unknown_shape_are_not_judged() -> None:
    check(bytes(9_000), Coding.PLAIN)
