from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from darkroomd.imaging import bayer, decoder, tiff
from darkroomd.imaging.dng import XTRANS_CELL, Layout, Sensor
from darkroomd.imaging.refusals import Refusal
from make import make_dng


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param([[0, 1], [3, 2]], True, id="rggb"),
        pytest.param([[2, 3], [1, 0]], True, id="bggr"),
        pytest.param([[1, 0], [2, 3]], True, id="grbg"),
        pytest.param([[1, 2], [0, 1]], True, id="gbrg-of-three"),
        pytest.param([[1, 1], [0, 2]], False, id="greens-side-by-side"),
        pytest.param([[0, 1], [1, 0]], False, id="two-reds"),
        pytest.param([[1, 1], [1, 1]], False, id="green-alone"),
        pytest.param([[0, 1, 0], [1, 2, 1], [0, 1, 0]], False, id="three-by-three"),
    ],
)
def test_bayer_is_two_greens_across_from_each_other(pattern: list[list[int]], *, expected: bool) -> None:
    assert bayer.is_bayer(np.array(pattern)) is expected


@pytest.mark.parametrize(
    ("camera", "daylight", "expected"),
    [
        pytest.param([2.0, 1.0, 1.5, 0.0], [9.0] * 4, [2.0, 1.0, 1.5, 1.0], id="as-shot"),
        pytest.param([2000, 1000, 1500, 1010], [9.0] * 4, [2.0, 1.0, 1.5, 1.01], id="second-green"),
        pytest.param([1.0, 0.4, 0.8, 0.0], [9.0] * 4, [2.5, 1.0, 2.0, 1.0], id="smallest-becomes-one"),
        pytest.param([0.0, 1.0, 0.0, 0.0], [2.0, 1.0, 1.4, 0.0], [2.0, 1.0, 1.4, 1.0], id="not-recorded"),
        pytest.param([2.0, 0.0, 1.5, 0.0], [9.0] * 4, [2.0, 1.0, 1.5, 1.0], id="no-green"),
        pytest.param([-1.0, 1.0, 1.0, 1.0], [0.0] * 4, [1.0, 1.0, 1.0, 1.0], id="senseless"),
        pytest.param([2.0, -1.0, 1.0, 1.0], [2.0] * 4, [1.0, 1.0, 1.0, 1.0], id="negative-green"),
    ],
)
def test_the_balance_is_the_cameras_where_there_is_one(
    camera: list[float], daylight: list[float], expected: list[float]
) -> None:
    assert bayer.balance(camera=camera, daylight=daylight).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param(np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]]), id="two-colours-alike"),
        pytest.param(np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1.0]]), id="a-colour-without-light"),
    ],
)
def test_a_matrix_that_cannot_be_turned_round_is_damage(matrix: np.ndarray) -> None:
    with pytest.raises(Refusal) as caught:
        bayer.from_xyz_matrix(matrix)

    assert caught.value.failure.code == "raw.damaged"


def test_white_stays_white_in_every_cameras_matrix() -> None:
    canon = np.array([[0.861, -0.257, -0.095], [-0.824, 1.549, 0.297], [-0.265, 0.308, 0.910]])

    assert bayer.from_xyz_matrix(canon).sum(axis=1).tolist() == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize("cell", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_a_bayer_sensor_is_for_the_kernel(tmp_path: Path, cell: str) -> None:
    blob = make_dng(tmp_path / "a.dng", sensor=Sensor(cell=cell, black=500, white=15_000)).read_bytes()

    with decoder.opened(blob, limit_pixels=1_000_000) as raw:
        decoder.unpack(raw, blob)
        mosaic = bayer.mosaic_of(raw)

        assert mosaic is not None
        colours = "".join("RGBG"[colour] for colour in mosaic.pattern.ravel())
        assert (colours, mosaic.values.shape) == (cell, (64, 96))
        assert mosaic.black.tolist() == [[500.0, 500.0], [500.0, 500.0]]
        assert mosaic.scale.min() * 14_500 == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("layout", "sensor", "size"),
    [
        pytest.param(Layout.LINEAR, Sensor(), (96, 64), id="linear"),
        pytest.param(Layout.MOSAIC, Sensor(cell=XTRANS_CELL), (516, 516), id="x-trans"),
    ],
)
def test_every_other_sensor_is_for_libraw(
    tmp_path: Path, layout: Layout, sensor: Sensor, size: tuple[int, int]
) -> None:
    source = make_dng(tmp_path / "a.dng", layout=layout, sensor=sensor, width=size[0], height=size[1])
    blob = source.read_bytes()

    with decoder.opened(blob, limit_pixels=1_000_000) as raw:
        decoder.unpack(raw, blob)

        assert bayer.mosaic_of(raw) is None


def with_black_cell(*sides: int) -> bytes:
    """Return the tags of a mosaic whose black levels come in a cell of these sides."""
    block = tiff.Block()
    fields = [
        tiff.long(254, 0),
        tiff.short(262, 32803),
        tiff.short(50713, *sides),
        tiff.raw_bytes(50706, bytes((1, 4, 0, 0))),
    ]
    return block.finish(first=block.add(fields))


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        pytest.param(lambda: with_black_cell(1, 1), True, id="one-level"),
        pytest.param(lambda: with_black_cell(2, 2), True, id="by-cell"),
        pytest.param(lambda: with_black_cell(1, 2), True, id="by-column"),
        pytest.param(lambda: with_black_cell(4, 4), False, id="larger-cell"),
        pytest.param(lambda: with_black_cell(0, 0), False, id="no-cell"),
        pytest.param(lambda: b"II*\0\x08\0\0\0IIIITRawT".ljust(64, b"\0"), False, id="phase-one"),
        pytest.param(lambda: b"HEAPCCDR".ljust(64, b"\0"), True, id="no-tags"),
        pytest.param(lambda: b"", True, id="empty"),
    ],
)
def test_what_libraw_corrects_after_unpacking_is_not_plain(
    blob: Callable[[], bytes], *, expected: bool
) -> None:
    assert bayer.is_plain(blob()) is expected
