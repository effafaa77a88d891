from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkroomd.core.adjustments import Local
from darkroomd.imaging import local, luma, strips

Pixels = NDArray[np.uint16]

CONTRASTS = ("sharpness", "clarity", "structure")
NAMES = tuple(field.name for field in fields(Local))
SIGNED = (*CONTRASTS, "dehaze")

LOCALS = st.builds(
    Local,
    **dict.fromkeys(SIGNED, st.floats(-100, 100)),
    luma_noise_reduction=st.floats(0, 100),
    color_noise_reduction=st.floats(0, 100),
)


def adjusted(pixels: Pixels, adjustments: Local, *, threads: int = 1) -> Pixels:
    changed = pixels.copy()
    local.adjust(changed, adjustments, threads=threads)
    return changed


def sixteen_bits(values: NDArray[np.float64]) -> Pixels:
    return np.rint(np.clip(values, 0.0, 1.0) * 65_535).astype(np.uint16)


def scene(height: int = 160, width: int = 240) -> Pixels:
    """Return soft shapes of several sizes in colour, with some noise and a hard edge."""
    rng = np.random.default_rng(11)
    down, across = np.mgrid[0:height, 0:width]
    waves = np.sin(across / 3) + np.sin(down / 11) + np.sin((across + down) / 37)
    light = 0.45 + 0.06 * waves + 0.15 * (across > width / 2)
    tinted = light[:, :, np.newaxis] * np.array([1.0, 0.8, 0.6]) + rng.normal(0, 0.01, (height, width, 3))
    return sixteen_bits(tinted)


def noise(height: int, width: int, *, deviation: float) -> Pixels:
    values = np.random.default_rng(3).normal(0.5, deviation, (height, width, 3))
    return sixteen_bits(values)


def deviation(pixels: Pixels) -> float:
    return float(luma.of_picture(pixels, threads=1).std())


def chroma(pixels: Pixels) -> NDArray[np.float64]:
    light = luma.of_picture(pixels, threads=1).astype(np.float64)
    return pixels - light[:, :, np.newaxis]


def test_nothing_set_changes_no_byte() -> None:
    pixels = scene()

    assert np.array_equal(adjusted(pixels, Local()), pixels)


@pytest.mark.parametrize("name", CONTRASTS)
def test_the_more_of_a_contrast_is_asked_for_the_more_there_is(name: str) -> None:
    pixels = scene()

    measured = [deviation(adjusted(pixels, Local(**{name: amount}))) for amount in range(-100, 101, 25)]

    assert measured == sorted(measured)
    assert measured[0] < deviation(pixels) < measured[-1]


def gain(name: str, *, period: int) -> float:
    """Return how much stronger a control makes waves of a period in pixels."""
    values = 0.5 + 0.04 * np.sin(np.arange(720) * (2 * np.pi / period) + 0.3)
    row = np.rint(values * 65_535).astype(np.uint16)
    pixels = np.repeat(np.tile(row, (240, 1))[:, :, np.newaxis], 3, axis=2)
    return deviation(adjusted(pixels, Local(**{name: 100}))) / deviation(pixels)


@pytest.mark.parametrize(
    ("name", "own", "wider"),
    [
        pytest.param("sharpness", 4, 40, id="sharpness"),
        pytest.param("clarity", 20, 200, id="clarity"),
        pytest.param("structure", 90, 700, id="structure"),
    ],
)
def test_each_contrast_works_at_its_own_scale(name: str, own: int, wider: int) -> None:
    assert gain(name, period=own) > 1.2
    assert gain(name, period=wider) < 1.1


@pytest.mark.parametrize("name", CONTRASTS)
def test_a_hard_edge_gets_no_wide_halo(name: str) -> None:
    pixels = np.full((200, 400, 3), 13_000, dtype=np.uint16)
    pixels[:, 200:] = 52_000

    changed = adjusted(pixels, Local(**{name: 100})).astype(int) - pixels

    assert np.abs(changed).max() <= 0.2 * (52_000 - 13_000) + 1
    assert np.abs(changed[:, 190:210]).max() >= np.abs(changed[:, :190]).max()
    assert np.abs(changed[:, [150, 250]]).max() < 0.02 * 65_535


@settings(max_examples=25, deadline=None)
@given(adjustments=LOCALS, seed=st.integers(0, 1000))
def test_greys_stay_grey_whatever_is_asked_for(adjustments: Local, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 65_536, (23, 37, 1), dtype=np.uint16).repeat(3, axis=2)

    changed = adjusted(grey, adjustments)

    assert np.ptp(changed.astype(int), axis=2).max() <= 1


@pytest.mark.parametrize("value", [0, 1, 30_000, 65_535])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "dehaze"])
@pytest.mark.parametrize("amount", [-100, 100])
def test_what_is_flat_stays_as_it_is(name: str, amount: float, value: int) -> None:
    flat = np.full((33, 47, 3), value, dtype=np.uint16)

    changed = adjusted(flat, Local(**{name: abs(amount) if "noise" in name else amount}))

    assert np.abs(changed.astype(int) - value).max() <= 16


def test_white_stays_white_without_its_haze() -> None:
    pixels = scene()
    pixels[:80] = 65_535

    cleared = adjusted(pixels, Local(dehaze=100))

    assert cleared[:60].min() > 65_000


@settings(max_examples=20, deadline=None)
@given(
    adjustments=LOCALS,
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    extreme=st.sampled_from([0, 1]),
)
def test_tiny_pictures_of_extremes_stay_whole(
    adjustments: Local, height: int, width: int, extreme: int
) -> None:
    board = np.indices((height, width, 3)).sum(axis=0) + extreme
    pixels = np.where(board % 2, 65_535, 0).astype(np.uint16)

    once, twice = adjusted(pixels, adjustments), adjusted(pixels, adjustments, threads=2)

    assert once.shape == pixels.shape
    assert np.array_equal(once, twice)


def test_sharpening_an_extreme_edge_does_not_wrap_around() -> None:
    pixels = np.zeros((20, 40, 3), dtype=np.uint16)
    pixels[:, 20:] = 65_535

    changed = adjusted(pixels, Local(sharpness=100, clarity=100, structure=100))

    assert changed[:, :20].max() == 0
    assert changed[:, 20:].min() == 65_535


@pytest.mark.parametrize("pixels_per_strip", [1, 10_000])
def test_bytes_depend_neither_on_threads_nor_on_strips(
    pixels_per_strip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = scene(height=211, width=133)
    everything = Local(**dict.fromkeys(NAMES, 70))
    whole = adjusted(pixels, everything)

    monkeypatch.setattr(strips, "_PIXELS", pixels_per_strip)

    assert adjusted(pixels, everything, threads=1).tobytes() == whole.tobytes()
    assert adjusted(pixels, everything, threads=2).tobytes() == whole.tobytes()


def test_the_more_luma_noise_is_reduced_the_less_there_is() -> None:
    pixels = noise(120, 160, deviation=0.02)

    left = [deviation(adjusted(pixels, Local(luma_noise_reduction=amount))) for amount in range(0, 101, 20)]

    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.25 * left[0]


def test_luma_noise_reduction_keeps_edges_and_colours() -> None:
    pixels = scene()

    calm = adjusted(pixels, Local(luma_noise_reduction=60))

    step = calm[:, 124:128].mean() - calm[:, 112:116].mean()
    assert step == pytest.approx(pixels[:, 124:128].mean() - pixels[:, 112:116].mean(), rel=0.1)
    assert np.abs(chroma(calm) - chroma(pixels)).max() <= 2


def test_the_more_colour_noise_is_reduced_the_less_there_is() -> None:
    pixels = noise(120, 160, deviation=0.03)

    left = [
        float(chroma(adjusted(pixels, Local(color_noise_reduction=amount))).std())
        for amount in range(0, 101, 20)
    ]

    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.3 * left[0]


def test_colour_noise_reduction_keeps_luma_and_colour_edges() -> None:
    pixels = noise(120, 160, deviation=0.02)
    pixels[:, 80:] -= np.array([9000, 0, 20_000], dtype=np.uint16)

    calm = adjusted(pixels, Local(color_noise_reduction=100))

    light = [luma.of_picture(each, threads=1).astype(int) for each in (pixels, calm)]
    assert np.abs(light[1] - light[0]).max() <= 2
    left, right = (calm[:, columns].mean(axis=(0, 1)) for columns in (slice(70, 78), slice(82, 90)))
    assert (left - right).tolist() == pytest.approx([9000, 0, 20_000], abs=1500)


def veiled(pixels: Pixels, *, light: float) -> Pixels:
    return sixteen_bits(pixels / 65_535 * light + 0.9 * (1 - light))


def blocks(height: int = 320, width: int = 480) -> Pixels:
    """Return squares of strong colours, some of them black: a clear view."""
    small = np.random.default_rng(2).integers(0, 2, (height // 16, width // 16, 3), dtype=np.uint16)
    return small.repeat(16, axis=0).repeat(16, axis=1) * np.uint16(50_000)


def test_the_more_haze_is_taken_away_the_more_contrast_there_is() -> None:
    hazy = veiled(blocks(), light=0.5)

    measured = [deviation(adjusted(hazy, Local(dehaze=amount))) for amount in range(-100, 101, 25)]

    assert measured == sorted(measured)
    assert measured[-1] > 1.4 * deviation(hazy)
    assert measured[0] < 0.8 * deviation(hazy)


def test_a_clear_view_has_no_haze_to_be_taken_away() -> None:
    clear = blocks()

    assert np.abs(adjusted(clear, Local(dehaze=100)).astype(int) - clear).mean() < 300
