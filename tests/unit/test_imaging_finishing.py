from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from darkroomd.core.recipes import Anchor, ColourSpace, Overlay, Recipe, Resize
from darkroomd.imaging import display_p3, finishing, srgb
from darkroomd.imaging.finishing import finished, in_display_p3, resized, sharpened
from darkroomd.imaging.light import deep, encoded, linear, shallow
from darkroomd.imaging.overlay import OverlayUnusable, laid_over, read_overlay
from darkroomd.imaging.refusals import Refusal

ANCHORS = [anchor for anchor in Anchor if anchor is not Anchor.FRAME]


def noise(*, width: int = 60, height: int = 40) -> NDArray[np.uint16]:
    return np.random.default_rng(7).integers(0, 65536, (height, width, 3), dtype=np.uint16)


def flat(value: int, *, width: int = 100, height: int = 60) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, dtype=np.uint8)


def stamp(folder: Path, colour: tuple[int, int, int, int], *, size: tuple[int, int] = (20, 10)) -> Overlay:
    path = folder / "stamp.png"
    Image.new("RGBA", size, colour).save(path)
    return Overlay(path=bytes(path), digest=hashlib.sha256(path.read_bytes()).hexdigest())


def test_every_value_comes_back_from_linear_light() -> None:
    values = np.arange(65536, dtype=np.uint16)

    assert np.array_equal(encoded(linear(values)), values)


def test_every_8_bit_value_comes_back_from_16_bits_and_from_linear_light() -> None:
    values = np.arange(256, dtype=np.uint8)

    assert np.array_equal(shallow(deep(values)), values)
    assert np.array_equal(shallow(encoded(linear(values))), values)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_recipe_that_asks_for_nothing_changes_nothing(kind: type[np.uint8 | np.uint16]) -> None:
    pixels = noise() if kind is np.uint16 else shallow(noise())

    assert np.array_equal(finished(pixels, Recipe()), shallow(pixels))


def test_a_deep_recipe_keeps_16_bits() -> None:
    pixels = noise()

    assert np.array_equal(finished(pixels, Recipe(bits=16)), pixels)


def test_a_picture_is_made_smaller_in_its_proportions() -> None:
    done = finished(noise(), Recipe(resize=Resize(long_edge=30)))

    assert done.shape == (20, 30, 3)
    assert done.dtype == np.uint8


def test_shrinking_keeps_the_light_of_fine_patterns() -> None:
    checked = np.indices((64, 64)).sum(axis=0) % 2
    pixels = np.repeat((checked * 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)

    small = shallow(resized(pixels, width=16, height=16))

    # Half the light of white is 188 in sRGB; by encoded values it would be 128.
    assert np.abs(small[4:-4, 4:-4].astype(int) - 188).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (60, 39), (61, 41), (90, 200)])
@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_a_flat_picture_stays_flat_in_any_size(value: int, width: int, height: int) -> None:
    done = resized(flat(value, width=60, height=40), width=width, height=height)

    assert np.array_equal(shallow(done), flat(value, width=width, height=height))


@pytest.mark.parametrize("value", [0, 3, 255])
def test_sharpening_leaves_what_is_flat(value: int) -> None:
    assert np.array_equal(shallow(sharpened(flat(value), amount=100)), flat(value))


def test_sharpening_lifts_edges_the_more_the_stronger_it_is() -> None:
    pixels = flat(80)
    pixels[:, 50:] = 160

    weak, strong = (sharpened(pixels, amount=amount)[30] for amount in (30, 100))

    assert weak[49, 0] < deep(pixels)[30, 49, 0] < weak[50, 0]
    assert strong[49, 0] < weak[49, 0]
    assert strong[50, 0] > weak[50, 0]
    assert np.array_equal(strong[:48], deep(pixels)[30, :48])


def test_sharpening_in_strips_is_sharpening_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise()
    at_once = sharpened(pixels, amount=50)

    monkeypatch.setattr(finishing, "STRIP_ROWS", 7)

    assert np.array_equal(sharpened(pixels, amount=50), at_once)


def test_greys_are_the_same_numbers_in_display_p3() -> None:
    greys = np.repeat(np.arange(65536, dtype=np.uint16)[np.newaxis, :, np.newaxis], 3, axis=2)

    assert np.array_equal(in_display_p3(greys), greys)


def test_display_p3_shows_the_same_colours_by_littlecms() -> None:
    picture = shallow(noise())
    ours, theirs = (
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
        for profile in (display_p3.icc_profile(), srgb.icc_profile())
    )

    done = finished(picture, Recipe(colour_space=ColourSpace.DISPLAY_P3))
    expected = ImageCms.profileToProfile(
        Image.fromarray(picture), theirs, ours, ImageCms.Intent.RELATIVE_COLORIMETRIC
    )

    assert expected is not None
    assert np.abs(done.astype(int) - np.asarray(expected).astype(int)).max() <= 1


def test_the_primaries_of_display_p3_add_up_to_white() -> None:
    rows = np.array(display_p3.FROM_SRGB).sum(axis=1)

    assert rows.tolist() == [display_p3.UNIT] * 3
    assert len(display_p3.icc_profile()) % 4 == 0


@pytest.mark.parametrize("anchor", ANCHORS)
def test_an_overlay_stands_at_its_anchor(tmp_path: Path, anchor: Anchor) -> None:
    wish = stamp(tmp_path, (255, 0, 0, 255))
    names = {"top": 0.0, "left": 0.0, "bottom": 1.0, "right": 1.0}

    done = shallow(laid_over(flat(0), Overlay(path=wish.path, digest=wish.digest, anchor=anchor)))

    # Twelve by six pixels, one pixel from the edges.
    rows, columns = np.nonzero(done[..., 0])
    down = next((names[word] for word in anchor.split("-") if word in {"top", "bottom"}), 0.5)
    across = next((names[word] for word in anchor.split("-") if word in {"left", "right"}), 0.5)
    assert (rows.min(), rows.max() + 1) == (1 + round(52 * down), 7 + round(52 * down))
    assert (columns.min(), columns.max() + 1) == (1 + round(86 * across), 13 + round(86 * across))
    assert set(done[..., 0].ravel().tolist()) == {0, 255}


def test_a_frame_covers_the_picture_and_shows_it_through_its_hole(tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    frame = Image.new("RGBA", (50, 30), (0, 200, 0, 255))
    frame.paste((9, 9, 9, 0), (10, 10, 40, 20))
    frame.save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    done = shallow(laid_over(flat(77), Overlay(path=bytes(path), digest=digest, anchor=Anchor.FRAME)))

    assert done.shape == (60, 100, 3)
    assert done[0, 0].tolist() == done[-1, -1].tolist() == [0, 200, 0]
    assert done[30, 50].tolist() == [77, 77, 77]


@pytest.mark.parametrize(
    ("alpha", "opacity", "expected"),
    [
        pytest.param(255, 100.0, 255, id="opaque"),
        pytest.param(255, 50.0, 178, id="by-opacity"),
        pytest.param(128, 100.0, 178, id="by-alpha"),
        pytest.param(0, 100.0, 100, id="clear"),
        pytest.param(255, 0.0, 100, id="off"),
    ],
)
def test_an_overlay_is_blended(tmp_path: Path, alpha: int, opacity: float, expected: int) -> None:
    wish = stamp(tmp_path, (255, 255, 255, alpha))
    wish = Overlay(path=wish.path, digest=wish.digest, anchor=Anchor.CENTRE, opacity_percent=opacity)

    done = shallow(laid_over(flat(100), wish))

    assert done[30, 50].tolist() == [expected] * 3
    assert done[0, 0].tolist() == [100] * 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 9), (300, 3)])
def test_an_overlay_fits_into_any_picture(tmp_path: Path, width: int, height: int) -> None:
    wish = stamp(tmp_path, (255, 255, 255, 255))

    done = laid_over(flat(0, width=width, height=height), wish)

    assert done.shape == (height, width, 3)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: file.write_bytes(b"other"), id="other-content"),
        pytest.param(lambda file: file.unlink(), id="gone"),
    ],
)
def test_an_overlay_that_changes_between_two_photos_stops_the_work_until_it_is_back(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    wish = stamp(tmp_path, (255, 255, 255, 255))
    before = laid_over(flat(0), wish)
    file = Path(wish.path.decode())
    content = file.read_bytes()

    change(file)
    with pytest.raises(Refusal) as caught:
        laid_over(flat(0), wish)
    file.write_bytes(content)
    after = laid_over(flat(0), wish)

    assert caught.value.failure.code == "recipe.overlay_changed"
    assert caught.value.environment
    assert np.array_equal(before, after)


def test_an_overlay_that_is_damaged_stops_the_work_and_not_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "stamp.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    with pytest.raises(Refusal) as caught:
        laid_over(flat(0), Overlay(path=bytes(path), digest=digest))

    assert caught.value.failure.code == "recipe.overlay_unusable"
    assert caught.value.environment


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(20)])
def test_what_is_no_png_is_no_overlay(content: bytes) -> None:
    with pytest.raises(OverlayUnusable, match=r"^it is no PNG that can be read$"):
        read_overlay(content)
