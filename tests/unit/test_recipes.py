from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.config import Config, parse_config
from darkroomd.core.due import Due, due_for, overall, to_make
from darkroomd.core.faults import ConfigInvalid
from darkroomd.core.freshness import AGED, Altered, Cause, NeedsHash, Outdated, UpToDate, Verdict
from darkroomd.core.model import Wish
from darkroomd.core.recipes import (
    MOST_PIXELS,
    MOST_RECIPES,
    Anchor,
    ColourSpace,
    Format,
    Overlay,
    Recipe,
    RecipeInvalid,
    Resize,
    check_recipes,
    size_of,
)

PATH = "/etc/darkroomd/config.toml"
CHANGED = Outdated(Cause.RECIPE_CHANGED)
UNREAD = NeedsHash(raw=True, output=False)

WHOLE = b"""
[[recipe]]
[[recipe]]
name = "web"
folder = "Web"
file_name = "{date}-{time}_{stem}"
format = "webp"
quality = 80
long_edge = 2048
sharpening = 30
metadata = "no-gps"
artist = "Anna"
copyright = "(c) {year} Anna"
[recipe.overlay]
file = "/srv/logo.png"
place = "top-left"
scale_percent = 12.5
[[recipe]]
name = "print"
folder = "Print"
format = "tiff"
bits = 16
colour_space = "display-p3"
"""


def test_without_a_word_there_is_one_recipe() -> None:
    (section,) = Config().recipe

    assert section.as_recipe() == Recipe()


def test_the_short_form_names_the_one_recipe() -> None:
    (section,) = parse_config(b"[recipe]\nquality = 80", PATH).recipe

    assert section.as_recipe() == Recipe(quality=80)


def test_recipes_are_taken_in_their_order() -> None:
    jpg, web, tiff = (section.as_recipe(overlay_digest="d") for section in parse_config(WHOLE, PATH).recipe)

    assert jpg == Recipe()
    assert (web.format, web.resize, web.suffix) == (Format.WEBP, Resize(long_edge=2048), ".webp")
    assert web.overlay == Overlay(
        path=b"/srv/logo.png", digest="d", anchor=Anchor.TOP_LEFT, scale_percent=12.5
    )
    assert (tiff.bits, tiff.colour_space, tiff.media_type) == (16, ColourSpace.DISPLAY_P3, "image/tiff")


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        pytest.param("[recipe]\nqualty = 80", "recipe[0].qualty", "Did you mean quality", id="unknown-key"),
        pytest.param("[recipe]\nquality = 0", "recipe[0].quality", "0 is not right", id="out-of-range"),
        pytest.param("[recipe]\nquality = 96", "recipe[0].quality", "1 to 95", id="beyond-jpeg"),
        pytest.param('[recipe]\nname = "a b"', "recipe[0].name", "letters", id="odd-name"),
        pytest.param('[recipe]\nname = ""', "recipe[0].name", "letters", id="no-name"),
        pytest.param('[recipe]\nfolder = "rAW"', "recipe[0].folder", "RAW files", id="where-the-raws-are"),
        pytest.param('[recipe]\nfolder = "../x"', "recipe[0].folder", "one folder", id="folder-outside"),
        pytest.param('[recipe]\nfolder = ".x"', "recipe[0].folder", "one folder", id="hidden-folder"),
        pytest.param('[recipe]\nfolder = ""', "recipe[0].folder", "one folder", id="no-folder"),
        pytest.param("[recipe]\nbits = 16", "recipe[0].bits", "png or tiff", id="deep-jpeg"),
        pytest.param("[recipe]\nbox = [9]", "recipe[0].box", "array of 2", id="half-a-box"),
        pytest.param("[recipe]\nlong_edge = 9\nmegapixels = 2", "recipe[0]", "Exactly one", id="two-sizes"),
        pytest.param('[recipe]\nfile_name = "{time}"', "recipe[0].file_name", "{stem}", id="one-for-all"),
        pytest.param('[recipe]\nartist = "{who}"', "recipe[0].artist", "no field {who}", id="unknown-field"),
        pytest.param(
            '[recipe.overlay]\nfile = "a.png"', "recipe[0].overlay.file", "absolute", id="relative-overlay"
        ),
        pytest.param(
            '[recipe.overlay]\nfil = "/a.png"', "recipe[0].overlay.fil", "mean file", id="overlay-key"
        ),
        pytest.param("[[recipe]]\n[[recipe]]", "recipe[1].name", "Another recipe", id="one-name-twice"),
        pytest.param(
            '[[recipe]]\n[[recipe]]\nname = "b"\nfolder = "jPG"', "recipe[1].folder", "jpg", id="one-place"
        ),
        pytest.param("recipe = []", "recipe", "1 to 16", id="none"),
        pytest.param("recipe = 5", "recipe", "5 is not right", id="no-recipe-at-all"),
        pytest.param("recipe = [5]", "recipe[0]", "5 is not right", id="no-table"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(text: str, key: str, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text.encode(), PATH)

    assert caught.value.context["key"] == key
    assert said in caught.value.message


def test_two_formats_may_share_a_folder() -> None:
    check_recipes([Recipe(), Recipe(name="web", format=Format.WEBP)])


def test_the_number_of_recipes_is_bounded() -> None:
    many = [Recipe(name=f"r{number}", folder=f"F{number}") for number in range(MOST_RECIPES + 1)]

    with pytest.raises(RecipeInvalid):
        check_recipes(many)


def test_a_recipe_survives_the_way_to_the_worker() -> None:
    recipe = parse_config(WHOLE, PATH).recipe[1].as_recipe(overlay_digest="d")

    again = msgspec.msgpack.decode(msgspec.msgpack.encode(recipe), type=Recipe)

    assert again == recipe


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(Recipe(name="b", folder="B", file_name="{stem}_b"), True, id="names-and-places"),
        pytest.param(Recipe(quality=91), False, id="quality"),
        pytest.param(Recipe(resize=Resize(long_edge=5)), False, id="size"),
        pytest.param(Recipe(artist="A"), False, id="artist"),
        pytest.param(Recipe(overlay=Overlay(path=b"/a", digest="1")), False, id="overlay"),
    ],
)
def test_a_digest_tells_what_decides_on_the_bytes(other: Recipe, *, same: bool) -> None:
    assert (other.digest == Recipe().digest) is same


def test_an_overlay_counts_by_its_content() -> None:
    here = Recipe(overlay=Overlay(path=b"/a", digest="1"))
    moved = Recipe(overlay=Overlay(path=b"/b", digest="1"))
    changed = Recipe(overlay=Overlay(path=b"/a", digest="2"))

    assert here.digest == moved.digest != changed.digest


@pytest.mark.parametrize(
    ("resize", "size"),
    [
        pytest.param(None, (6000, 4000), id="as-it-is"),
        pytest.param(Resize(long_edge=1500), (1500, 1000), id="long-edge"),
        pytest.param(Resize(short_edge=1500), (2250, 1500), id="short-edge"),
        pytest.param(Resize(box=(1000, 1000)), (1000, 667), id="box"),
        pytest.param(Resize(box=(9000, 400)), (600, 400), id="flat-box"),
        pytest.param(Resize(megapixels=6), (3000, 2000), id="megapixels"),
        pytest.param(Resize(long_edge=9000), (6000, 4000), id="never-enlarged"),
        pytest.param(Resize(long_edge=9000, enlarge=True), (9000, 6000), id="unless-told"),
        pytest.param(Resize(long_edge=6000, enlarge=True), (6000, 4000), id="same-size"),
    ],
)
def test_a_size_keeps_the_proportions(resize: Resize | None, size: tuple[int, int]) -> None:
    assert size_of(resize, width=6000, height=4000) == size


EDGES = st.integers(1, 65_000)
SIZES = st.one_of(
    st.builds(Resize, long_edge=EDGES, enlarge=st.booleans()),
    st.builds(Resize, short_edge=EDGES, enlarge=st.booleans()),
    st.builds(Resize, box=st.tuples(EDGES, EDGES), enlarge=st.booleans()),
    st.builds(Resize, megapixels=st.floats(1e-6, 250), enlarge=st.booleans()),
)


@given(SIZES, st.integers(1, 20_000), st.integers(1, 10_000))
def test_a_size_is_never_nothing_and_never_without_bounds(resize: Resize, width: int, height: int) -> None:
    wide, high = size_of(resize, width=width, height=height)

    assert wide >= 1
    assert high >= 1
    assert resize.enlarge or (wide <= width and high <= height)
    assert wide * high <= max(width * height, MOST_PIXELS) + wide + high


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([], UpToDate(), id="nothing-wanted"),
        pytest.param([UpToDate(), Altered()], Altered(), id="altered"),
        pytest.param([UpToDate(), AGED], AGED, id="aged"),
        pytest.param([AGED, UNREAD], UNREAD, id="unread"),
        pytest.param([UNREAD, None], None, id="unknown"),
        pytest.param([None, AGED, CHANGED], CHANGED, id="outdated"),
    ],
)
def test_a_photo_is_as_its_neediest_output(verdicts: list[Verdict | None], expected: Verdict | None) -> None:
    assert overall(verdicts) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([UpToDate(), CHANGED, None], "bc", id="only-what-is-due"),
        pytest.param([UpToDate(), UNREAD], "b", id="doubtful"),
        pytest.param([AGED, Altered(), CHANGED], "c", id="what-stands-is-left-alone"),
        pytest.param([AGED, Altered(), UpToDate()], "abc", id="all-where-none-is-due"),
        pytest.param([UpToDate(), UpToDate()], "ab", id="all-where-all-is-well"),
    ],
)
def test_only_what_is_due_is_made(verdicts: list[Verdict | None], expected: str) -> None:
    named = dict(zip("abc", verdicts, strict=False))

    assert "".join(to_make(named)) == expected


@pytest.mark.parametrize(
    ("verdicts", "recipes", "expected"),
    [
        pytest.param([UpToDate(), UpToDate()], None, Due((), "up_to_date"), id="nothing"),
        pytest.param([AGED, UpToDate()], None, Due(("a",), "pipeline_changed"), id="newer-pipeline"),
        pytest.param([UpToDate(), Altered()], None, Due(("b",), "altered"), id="altered"),
        pytest.param([Altered(), CHANGED], None, Due(("a", "b"), CHANGED.cause.value), id="the-neediest"),
        pytest.param([UpToDate(), None], None, Due(("b",), "untold"), id="no-telling"),
        pytest.param([CHANGED, UpToDate()], ("b",), Due((), "up_to_date", True), id="the-rest-is-due"),
        pytest.param([AGED, UpToDate()], ("b",), Due((), "up_to_date"), id="the-rest-is-only-aged"),
        pytest.param([UpToDate(), CHANGED], ("b",), Due(("b",), CHANGED.cause.value), id="one-of-two"),
    ],
)
def test_an_export_makes_what_is_not_up_to_date(
    verdicts: list[Verdict | None], recipes: tuple[str, ...] | None, expected: Due
) -> None:
    named = dict(zip("ab", verdicts, strict=True))

    assert due_for(named, Wish(recipes), failed_before=False) == expected


@pytest.mark.parametrize(
    ("verdict", "wish", "failed_before", "expected"),
    [
        pytest.param(UpToDate(), Wish(forced=True), False, Due(("a",), "forced"), id="forced"),
        pytest.param(CHANGED, Wish(forced=True), True, Due(("a",), "forced"), id="forced-and-failed"),
        pytest.param(UpToDate(), Wish(), True, Due(("a",), "failed_before"), id="failed"),
        pytest.param(CHANGED, Wish(), True, Due(("a",), "failed_before"), id="failed-and-due"),
    ],
)
def test_an_export_makes_what_failed_or_is_forced(
    verdict: Verdict, wish: Wish, failed_before: bool, expected: Due
) -> None:
    assert due_for({"a": verdict}, wish, failed_before=failed_before) == expected
