from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.archive_names import LONGEST_TAIL_BYTES
from darkroomd.core.archive_sources import OutputName, kin_of, tails_of
from darkroomd.core.naming import fold


def test_a_raw_file_has_its_sidecars_and_the_cameras_picture_as_kin() -> None:
    others = ["A.NEF.rrdata", "A.xmp", "A.NEF.xmp", "A.JPG", "A.NEF.rrdata.bak", "A.txt", "B.JPG", ".A.JPG"]

    kin = kin_of(["A.NEF"], ["A.NEF", *others])

    assert kin == {"A.NEF": ("A.NEF", "A.JPG", "A.NEF.rrdata", "A.NEF.xmp", "A.xmp")}


def test_two_raw_files_of_a_stem_share_what_is_named_after_the_stem() -> None:
    kin = kin_of(["A.CR3", "A.DNG"], ["A.CR3", "A.DNG", "A.xmp", "A.DNG.rrdata"])

    assert kin == {"A.CR3": ("A.CR3", "A.xmp"), "A.DNG": ("A.DNG", "A.DNG.rrdata", "A.xmp")}


def test_a_raw_file_is_nobodys_companion() -> None:
    kin = kin_of(["A.NEF", "A.jpg"], ["A.NEF", "A.jpg"])

    assert kin == {"A.NEF": ("A.NEF",), "A.jpg": ("A.jpg",)}


def test_a_raw_file_that_is_gone_is_its_own_kin_all_the_same() -> None:
    assert kin_of(["A.NEF"], ["A.NEF.rrdata"]) == {"A.NEF": ("A.NEF", "A.NEF.rrdata")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A.NEF", ".NEF"),
        ("A.NEF.rrdata", ".NEF.rrdata"),
        ("A.xmp", ".xmp"),
        ("A.XMP", ".xmp"),
        ("A.NEF.xmp", ".NEF.xmp"),
        ("A.JPG", ".camera.JPG"),
        ("A.heic", ".camera.heic"),
    ],
)
def test_a_tail_tells_what_a_file_is(name: str, expected: str) -> None:
    assert tails_of("A.NEF", [name], ()).beside == {name: expected}


def test_the_first_output_has_the_shortest_tail_and_the_others_their_recipes() -> None:
    outputs = [OutputName("print", ".tif"), OutputName("web", ".jpg"), OutputName("small", ".jpg")]

    assert tails_of("A.NEF", ["A.NEF"], outputs).outputs == (".tif", ".web.jpg", ".small.jpg")


@pytest.mark.parametrize(
    ("raw", "beside", "outputs", "expected"),
    [
        pytest.param("A.TIF", (), (("print", ".tif"),), (".TIF", ".print.tif"), id="raw-and-output"),
        pytest.param(
            "A.NEF",
            ("A.JPG",),
            (("x", ".png"), ("camera", ".jpg")),
            (".NEF", ".camera.JPG", ".png", ".camera.2.jpg"),
            id="a-recipe-called-camera",
        ),
        pytest.param("A.NEF", ("A.XMP", "A.xmp"), (), (".NEF", ".xmp", ".2.xmp"), id="case-alone"),
        pytest.param("A.TIF", (), (("2", ".tif"),) * 2, (".TIF", ".2.tif", ".2.2.tif"), id="twice"),
        pytest.param("A.n?f", (), (), (".n_f",), id="an-odd-extension"),
        pytest.param("A", (), (), (".raw",), id="no-extension"),
    ],
)
def test_no_two_files_of_a_photo_share_a_name(
    raw: str, beside: tuple[str, ...], outputs: tuple[tuple[str, str], ...], expected: tuple[str, ...]
) -> None:
    tails = tails_of(raw, [raw, *beside], [OutputName(*output) for output in outputs])

    assert (*tails.beside.values(), *tails.outputs) == expected


EXTENSIONS = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=80)
RECIPES = st.tuples(
    st.sampled_from(["camera", "tif", "x" * 64, "2"]), st.sampled_from([".jpg", ".tif", ".webp"])
)


@given(raw=EXTENSIONS.map(lambda extension: "A." + extension), recipes=st.lists(RECIPES, max_size=5))
def test_tails_differ_fit_and_begin_with_a_dot(raw: str, recipes: list[tuple[str, str]]) -> None:
    beside = [raw, raw + ".rrdata", "A.jpg", "A.JPG", "A.xmp", raw + ".xmp"]

    tails = tails_of(raw, dict.fromkeys(beside), [OutputName(*recipe) for recipe in recipes])

    found = [*tails.beside.values(), *tails.outputs]
    assert len({fold(tail) for tail in found}) == len(found)
    assert all(tail.startswith(".") and len(os.fsencode(tail)) <= LONGEST_TAIL_BYTES for tail in found)
