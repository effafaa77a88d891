from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.naming import LONGEST_NAME_BYTES, fold, frame_number, renamed_by
from darkroomd.core.templates import TemplateInvalid, check_text, file_names, filled_in

MOMENT_USEC = 1_751_558_405_678_901
"""2025-07-03 16:00:05.678901 UTC."""

TEMPLATES = ["{stem}", "{date}_{time}_{stem}", "{stem}{date}", "x{sequence}y", "{sequence}{second}"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("{stem}", "IMG_0042.jpg", id="stem"),
        pytest.param("{date}-{time}_{stem}", "20250703-160005_IMG_0042.jpg", id="seconds"),
        pytest.param("booth {year}.{month}.{day} {sequence}", "booth 2025.07.03 0042.jpg", id="sequence"),
        pytest.param("{stem}@{hour}{minute}{second}", "IMG_0042@160005.jpg", id="parts-of-the-time"),
    ],
)
def test_a_template_is_filled_in(template: str, expected: str) -> None:
    names = file_names(template, suffix=".jpg")

    (label,) = names.labels(["IMG_0042.NEF"]).values()

    assert names.name(label, wall_usec=MOMENT_USEC) == expected


@pytest.mark.parametrize(
    "at_usec",
    [
        pytest.param(None, id="not-known"),
        pytest.param(1 << 80, id="after-the-calendar"),
        pytest.param(-(1 << 80), id="before-the-calendar"),
    ],
)
def test_a_time_that_is_not_known_is_zeros(at_usec: int | None) -> None:
    names = file_names("{date}_{time}_{stem}", suffix=".jpg")

    assert names.name("a", wall_usec=at_usec) == "00000000_000000_a.jpg"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        pytest.param("", "either", id="empty"),
        pytest.param("{date}_{time}", "one second", id="one-name-for-a-burst"),
        pytest.param("{stem}{sequence}", "once", id="both"),
        pytest.param("{stem}{stem}", "once", id="twice"),
        pytest.param("{stem", "braces", id="open"),
        pytest.param("stem}", "braces", id="closed"),
        pytest.param("{}", "no field", id="nameless"),
        pytest.param("{stem}/x", "ASCII", id="a-folder"),
        pytest.param("{stem}\n", "ASCII", id="line-feed"),
        pytest.param("é{stem}", "ASCII", id="not-ascii"),
        pytest.param(".{stem}", "dot", id="hidden"),
        pytest.param("{stem}" + "x" * 101, "100", id="long"),
    ],
)
def test_a_template_that_cannot_name_every_photo_is_refused(template: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        file_names(template, suffix=".jpg")

    assert said in caught.value.problem


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param("IMG_0042.NEF", "0042", id="camera"),
        pytest.param("20250101-7.CR3", "7", id="last-run"),
        pytest.param("x.CR3", "0", id="none"),
        pytest.param("12", "12", id="no-extension"),
    ],
)
def test_a_sequence_is_the_cameras_number(name: str, number: str) -> None:
    assert frame_number(name) == number


def test_photos_with_one_number_get_names_of_their_own() -> None:
    names = file_names("{sequence}", suffix=".jpg")

    labels = names.labels(["DSC_1.NEF", "IMG_1.CR3", "IMG_2.CR3"])

    assert labels == {"DSC_1.NEF": "1", "IMG_1.CR3": "1-IMG_1.cr3", "IMG_2.CR3": "2"}


def test_photos_that_get_another_number_by_a_newcomer_are_told() -> None:
    assert renamed_by(["A_1.NEF"], ["A_1.NEF", "B_1.NEF", "B_2.NEF"], numbered=True) == ("B_1.NEF",)


RAWS = st.lists(
    st.one_of(
        st.from_regex(r"[aA1](1|-a1\.nef|\.dng)?\.(nef|NEF|dng)", fullmatch=True),
        st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8).map(
            lambda text: text + ".nef"
        ),
        st.integers(200, 251).map(lambda length: "é" * (length // 2) + ".nef"),
    ),
    unique=True,
    max_size=8,
)
TIMES = st.sampled_from([None, 0, MOMENT_USEC, MOMENT_USEC + 1, -(10**15)])


@given(st.sampled_from(TEMPLATES), RAWS, st.lists(TIMES, min_size=8, max_size=8))
def test_two_photos_never_have_one_name(template: str, raws: list[str], times: list[int | None]) -> None:
    names = file_names(template, suffix=".webp")

    labels = names.labels(raws)
    outputs = [names.name(labels[raw], wall_usec=at_usec) for raw, at_usec in zip(raws, times, strict=False)]

    assert len({fold(output) for output in outputs}) == len(raws)
    assert all(len(os.fsencode(output)) <= LONGEST_NAME_BYTES for output in outputs)


@given(st.sampled_from(TEMPLATES), RAWS)
def test_a_name_does_not_depend_on_the_order_of_arrival(template: str, raws: list[str]) -> None:
    names = file_names(template, suffix=".jpg")

    assert names.labels(raws) == names.labels(reversed(raws))


def test_a_text_is_filled_in() -> None:
    assert filled_in("(c) {year} Anna", wall_usec=MOMENT_USEC) == "(c) 2025 Anna"
    assert filled_in("(c) {year}", wall_usec=None) == "(c)"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{stem}", id="no-such-field"),
        pytest.param("a\nb", id="line-feed"),
        pytest.param("x" * 401, id="long"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_refused(text: str) -> None:
    with pytest.raises(TemplateInvalid):
        check_text(text)
