from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroomd.imaging import soundness
from darkroomd.imaging.refusals import Refusal

BLACK = 512
WHITE = 16_383


def frame(*, mean: float, noise: float) -> NDArray[np.uint16]:
    values = np.random.default_rng(7).normal(mean, noise, (200, 300))
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint16)


def empty_below(row: int) -> NDArray[np.uint16]:
    values = frame(mean=3_000, noise=200)
    values[row:] = 0
    return values


def code_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    return refusal.value.failure.code


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(frame(mean=3_000, noise=200), id="a-scene"),
        pytest.param(frame(mean=BLACK, noise=3), id="lens-cap-on"),
        pytest.param(frame(mean=WHITE + 500, noise=200), id="almost-all-clipped"),
        pytest.param(empty_below(195), id="a-few-dark-rows-at-the-edge"),
        pytest.param(np.dstack([frame(mean=900, noise=9)] * 3), id="linear"),
    ],
)
def test_what_scatters_is_a_picture(values: NDArray[np.uint16]) -> None:
    soundness.check_values(values, black=BLACK, white=WHITE)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param(np.zeros((20, 30), np.uint16), "raw.no_image_data", id="black"),
        pytest.param(np.full((20, 30), WHITE, np.uint16), "raw.no_image_data", id="white"),
        pytest.param(np.full((20, 30), 2_048, np.uint16), "raw.no_image_data", id="grey"),
        pytest.param(frame(mean=200, noise=20), "raw.no_image_data", id="nothing-above-black"),
        pytest.param(
            np.full((20, 30, 3), (0, 4_244, 0), np.uint16),
            "raw.no_image_data",
            id="one-tint-from-edge-to-edge",
        ),
        pytest.param(empty_below(150), "raw.truncated", id="a-quarter-not-filled-yet"),
    ],
)
def test_what_a_sensor_never_gives_is_refused(values: NDArray[np.uint16], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_values(values, black=BLACK, white=WHITE)

    assert code_of(refusal) == code


def test_dark_rows_are_a_picture_where_black_is_zero() -> None:
    soundness.check_values(empty_below(100), black=0, white=WHITE)


def test_levels_that_no_value_can_have_had_are_damage() -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_values(frame(mean=3_000, noise=200), black=0, white=256)

    assert code_of(refusal) == "raw.damaged"


def test_a_frame_that_is_clipped_all_over_is_a_picture() -> None:
    soundness.check_values(frame(mean=WHITE - 500, noise=20), black=BLACK, white=WHITE - 1_000)


def test_a_picture_that_is_black_all_over_is_none() -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_picture(np.zeros((20, 30, 3), np.uint8))

    assert code_of(refusal) == "raw.no_image_data"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_one_bright_pixel_makes_a_night(kind: type[np.integer]) -> None:
    night = np.zeros((20, 30, 3), kind)
    night[19, 29, 2] = 1

    soundness.check_picture(night)


@pytest.mark.parametrize(
    ("length", "needed", "code"),
    [
        pytest.param(13_662, 0, "raw.no_image_data", id="fewer-bytes-than-any-coding"),
        pytest.param(13_662, 9_000_000, "raw.no_image_data", id="hardly-anything-left"),
        pytest.param(4_000_000, 4_000_001, "raw.truncated", id="one-byte-short"),
    ],
)
def test_a_file_too_short_for_its_picture_is_refused(length: int, needed: int, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_length(length_bytes=length, needed_bytes=needed, pixels=8_000_000)

    assert code_of(refusal) == code


def test_a_well_compressed_file_is_long_enough() -> None:
    soundness.check_length(length_bytes=90_000, needed_bytes=90_000, pixels=8_000_000)


@pytest.mark.parametrize("line", ["Premature end of JPEG file", "x.NEF: Unexpected end of file"])
def test_what_the_decoder_says_about_the_end_counts(line: str) -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_chatter(["harmless", line])

    assert code_of(refusal) == "raw.truncated"


def test_other_chatter_is_no_reason() -> None:
    soundness.check_chatter(["Corrupt JPEG data: 3 extraneous bytes before marker 0xd9"])


@pytest.mark.parametrize(
    ("width", "height", "pixel_aspect", "code"),
    [
        pytest.param(60_000, 60_000, 1.0, "raw.too_large", id="beyond-the-limit"),
        pytest.param(15_000, 15_000, 0.5, "raw.too_large", id="beyond-it-with-square-pixels"),
        pytest.param(15_000, 15_000, 2.0, "raw.too_large", id="beyond-it-with-square-pixels-across"),
        pytest.param(65_501, 100, 1.0, "raw.too_large", id="longer-than-a-jpeg"),
        pytest.param(100, 33_000, 0.5, "raw.too_large", id="longer-than-a-jpeg-with-square-pixels"),
        pytest.param(0, 100, 1.0, "raw.damaged", id="no-area"),
        pytest.param(100, 100, 0.0, "raw.damaged", id="no-width-of-a-pixel"),
        pytest.param(100, 100, float("nan"), "raw.damaged", id="no-number"),
    ],
)
def test_a_size_out_of_bounds_is_refused(width: int, height: int, pixel_aspect: float, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_size(width=width, height=height, pixel_aspect=pixel_aspect, limit_pixels=250_000_000)

    assert code_of(refusal) == code


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_colour_data_that_are_no_numbers_are_refused(number: float) -> None:
    sound, unsound = np.eye(3, dtype=np.float32), np.full((3, 3), number, np.float32)

    with pytest.raises(Refusal) as refusal:
        soundness.check_colour(matrices=(sound, unsound), white_balance=(1.0, 1.0, 1.0, 0.0))

    assert code_of(refusal) == "raw.damaged"


def test_a_matrix_without_colours_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_colour(matrices=(np.ones((3, 4), np.float32),), white_balance=(1.0, 1.0, 1.0, 0.0))

    assert code_of(refusal) == "raw.damaged"


def test_an_unknown_matrix_is_no_damage() -> None:
    soundness.check_colour(matrices=(np.zeros((4, 3), np.float32),), white_balance=(0.0, 1.0, 0.0, 0.0))


@pytest.mark.parametrize(
    "white",
    [
        pytest.param(500, id="no-room-between-them"),
        pytest.param(65_536, id="no-value-reaches-it"),
    ],
)
def test_levels_that_make_no_picture_are_refused(white: int) -> None:
    with pytest.raises(Refusal) as refusal:
        soundness.check_levels(black=500, white=white)

    assert code_of(refusal) == "raw.damaged"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        pytest.param([13_235] * 4, 13_235, id="the-cameras-own-word"),
        pytest.param([15_000, 14_900, 15_000, 15_000], 14_900, id="the-first-channel-to-clip"),
        pytest.param(None, WHITE, id="nothing-recorded"),
        pytest.param([60_000] * 4, WHITE, id="beyond-the-decoders-figure"),
        pytest.param([100] * 4, WHITE, id="nonsense"),
    ],
)
def test_white_is_where_the_camera_says_it_clips(recorded: list[int] | None, expected: int) -> None:
    assert soundness.saturation(recorded=recorded, black=BLACK, white=WHITE) == expected
