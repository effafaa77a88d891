from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkroomd.core.adjustments import Effects
from darkroomd.imaging import effects, grain, strips

Pixels = NDArray[np.uint16]

SEED = hashlib.sha256(b"one photo").digest()
SHARES = st.floats(0, 100)
ALL = st.builds(
    Effects,
    vignette_amount=st.floats(-100, 100),
    vignette_midpoint=SHARES,
    vignette_roundness=st.floats(-100, 100),
    vignette_feather=SHARES,
    grain_amount=SHARES,
    grain_size=SHARES,
    grain_roughness=SHARES,
)


def affected(pixels: Pixels, wanted: Effects, *, seed: bytes = SEED, threads: int = 1) -> Pixels:
    changed = pixels.copy()
    effects.affect(changed, wanted, seed=seed, threads=threads)
    return changed


def grey(height: int = 90, width: int = 150, value: int = 32_768) -> Pixels:
    return np.full((height, width, 3), value, dtype=np.uint16)


def test_nothing_set_changes_no_byte() -> None:
    pixels = np.random.default_rng(1).integers(0, 65_536, (30, 40, 3), dtype=np.uint16)

    assert np.array_equal(affected(pixels, Effects(vignette_midpoint=3, grain_size=99)), pixels)


def test_the_corners_are_brighter_the_higher_the_amount_and_the_centre_stays() -> None:
    pictures = [affected(grey(), Effects(vignette_amount=amount)) for amount in range(-100, 101, 20)]

    corners = [int(picture[0, 0, 0]) for picture in pictures]
    assert corners == sorted(set(corners))
    assert corners[0] < 32_768 // 4
    assert {int(picture[45, 75, 0]) for picture in pictures} == {32_768}


@pytest.mark.parametrize("amount", [-60, 60])
def test_a_vignette_is_symmetrical_and_grows_outwards(amount: float) -> None:
    picture = affected(grey(), Effects(vignette_amount=amount))[:, :, 0].astype(int)

    assert np.array_equal(picture, picture[::-1])
    assert np.array_equal(picture, picture[:, ::-1])
    outwards = np.diff(picture[45, 75:]) * np.sign(amount)
    assert outwards.min() >= 0


def test_a_higher_midpoint_leaves_more_of_the_picture_alone() -> None:
    untouched = [
        int((affected(grey(), Effects(vignette_amount=-80, vignette_midpoint=midpoint)) == 32_768).sum())
        for midpoint in range(0, 101, 10)
    ]

    assert untouched == sorted(untouched)
    assert untouched[0] < untouched[-1]


def test_a_wider_feather_makes_a_softer_edge() -> None:
    def steepest(feather: float) -> int:
        picture = affected(grey(), Effects(vignette_amount=-80, vignette_feather=feather))
        return int(np.abs(np.diff(picture[45, :, 0].astype(int))).max())

    edges = [steepest(feather) for feather in (0, 25, 50, 100)]

    assert edges == sorted(edges, reverse=True)
    assert edges[0] > 10 * edges[-1]


def test_roundness_goes_from_the_frame_s_shape_to_a_circle() -> None:
    def middles(roundness: float) -> tuple[int, int]:
        wanted = Effects(vignette_amount=-100, vignette_roundness=roundness, vignette_midpoint=30)
        picture = affected(grey(80, 240), wanted)
        return int(picture[0, 120, 0]), int(picture[40, 0, 0])

    (above, beside), (above_round, beside_round) = middles(0), middles(100)

    assert above == pytest.approx(beside, rel=0.1)
    assert above_round > 2 * beside_round


def test_black_and_white_bear_any_effect_without_wrapping_around() -> None:
    ends = np.zeros((40, 60, 3), dtype=np.uint16)
    ends[:, 30:] = 65_535

    grained = affected(ends, Effects(grain_amount=100))
    darkened = affected(ends, Effects(vignette_amount=-100))
    brightened = affected(ends, Effects(vignette_amount=100))

    assert np.array_equal(grained, ends)
    assert darkened[:, :30].max() == 0
    assert brightened[:, 30:].min() == 65_535


def test_the_more_grain_is_asked_for_the_more_there_is() -> None:
    measured = [float(affected(grey(), Effects(grain_amount=amount)).std()) for amount in range(0, 101, 20)]

    assert measured == sorted(measured)
    assert measured[0] == 0
    assert measured[-1] == pytest.approx(0.08 * 65_535, rel=0.1)


@pytest.mark.parametrize("roughness", [0, 50, 100])
@pytest.mark.parametrize("size", [0, 25, 100])
def test_size_and_roughness_change_the_grain_but_not_how_strong_it_is(size: float, roughness: float) -> None:
    wanted = Effects(grain_amount=30, grain_size=size, grain_roughness=roughness)

    picture = affected(grey(300, 400), wanted)

    assert picture.std() == pytest.approx(0.3 * 0.08 * 65_535, rel=0.15)
    assert picture.mean() == pytest.approx(32_768, rel=0.01)


def test_larger_grains_are_more_alike_to_their_neighbours() -> None:
    def likeness(size: float) -> float:
        plane = affected(grey(200, 200), Effects(grain_amount=50, grain_size=size))[:, :, 0].astype(float)
        return float(np.corrcoef(plane[:, 1:].ravel(), plane[:, :-1].ravel())[0, 1])

    alike = [likeness(size) for size in (0, 25, 50, 100)]

    assert alike == sorted(alike)


def test_a_photo_has_its_own_grain_for_ever() -> None:
    wanted = Effects(grain_amount=40)

    first, again = affected(grey(), wanted), affected(grey(), wanted)
    other = affected(grey(), wanted, seed=hashlib.sha256(b"another photo").digest())

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert hashlib.sha256(first.astype("<u2").tobytes()).hexdigest()[:16] == "61860e900fbfc4e1"


def test_grain_is_the_same_in_all_channels() -> None:
    picture = affected(grey(), Effects(grain_amount=40)).astype(int)

    assert np.ptp(picture, axis=2).max() == 0


@given(top=st.integers(0, 500), rows=st.integers(1, 5), width=st.integers(1, 70))
def test_any_row_of_noise_can_be_had_without_those_before_it(top: int, rows: int, width: int) -> None:
    noise = grain.Noise(key=5, width=width)

    together = noise.rows(0, top + rows)

    assert np.array_equal(noise.rows(top, top + rows), together[top:])


def test_noise_is_white() -> None:
    values = grain.Noise(key=9, width=500).rows(0, 400).astype(float) - 32_768

    assert values.mean() == pytest.approx(0, abs=60)
    assert values.std() == pytest.approx(8000, rel=0.01)
    assert abs(np.corrcoef(values[1:].ravel(), values[:-1].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("pixels_per_strip", [1, 10_000])
def test_bytes_depend_neither_on_threads_nor_on_strips(
    pixels_per_strip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Effects(vignette_amount=-50, grain_amount=50)
    whole = affected(grey(211, 133), wanted)

    monkeypatch.setattr(strips, "_PIXELS", pixels_per_strip)

    assert affected(grey(211, 133), wanted, threads=1).tobytes() == whole.tobytes()
    assert affected(grey(211, 133), wanted, threads=2).tobytes() == whole.tobytes()


@settings(max_examples=30, deadline=None)
@given(wanted=ALL, height=st.integers(1, 9), width=st.integers(1, 9), value=st.integers(0, 65_535))
def test_tiny_pictures_stay_grey_and_whole(wanted: Effects, height: int, width: int, value: int) -> None:
    picture = affected(grey(height, width, value), wanted)

    assert picture.shape == (height, width, 3)
    assert np.ptp(picture.astype(int), axis=2).max() == 0
