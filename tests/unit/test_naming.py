from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.model import PhotoId, SessionId
from darkroomd.core.naming import (
    LONGEST_NAME_BYTES,
    aside_names,
    fold,
    output_id,
    output_name,
    output_names,
    parse_part,
    part_name,
    photo_id,
    renamed_by,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).map(
    lambda text: text + ".nef"
)
# Few letters, many clashes.
CLASHING = st.lists(st.from_regex(r"[aA](\.(dng|DNG|cr3))?\.(nef|NEF|dng|cr3)", fullmatch=True), unique=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["IMG_1.NEF"], ["IMG_1.jpg"], id="alone"),
        pytest.param(["IMG_1.CR3", "IMG_1.DNG"], ["IMG_1.jpg", "IMG_1.dng.jpg"], id="one-stem"),
        pytest.param(["a.arw", "A.NEF"], ["a.jpg", "A.nef.jpg"], id="stems-that-differ-by-case"),
        pytest.param(["a.nef", "b.nef"], ["a.jpg", "b.jpg"], id="no-clash"),
        pytest.param(["a.b.nef"], ["a.b.jpg"], id="dots-in-the-stem"),
        pytest.param(["é.nef", "e\u0301.CR3"], ["é.nef.jpg", "e\u0301.jpg"], id="composition"),
        pytest.param(["\udcff.nef"], ["\udcff.jpg"], id="not-utf-8"),
    ],
)
def test_an_output_is_called_after_its_stem(names: list[str], expected: list[str]) -> None:
    assert [output_name(name, names) for name in names] == expected


def test_a_file_whose_stem_is_anothers_second_name_keeps_its_plain_name() -> None:
    names = ["IMG_1.cr3", "IMG_1.dng", "IMG_1.dng.nef"]

    outputs = output_names(names)

    assert outputs["IMG_1.cr3"] == "IMG_1.jpg"
    assert outputs["IMG_1.dng.nef"] == "IMG_1.dng.jpg"
    assert outputs["IMG_1.dng"].startswith("IMG_1.dng-")


def test_a_file_named_to_collide_does_not() -> None:
    names = ["a.cr3", "a.dng", "a.dng.nef"]
    while len(names) < 6:
        names.append(output_names(names)["a.dng"].removesuffix(".jpg") + ".nef")

    outputs = output_names(names)

    assert len(set(outputs.values())) == len(names)


@given(names=CLASHING)
def test_no_two_photos_share_an_output_even_where_case_does_not_count(names: list[str]) -> None:
    outputs = output_names(names)

    assert len({fold(output) for output in outputs.values()}) == len(names)


@given(names=CLASHING, seed=st.randoms(use_true_random=False))
def test_a_name_does_not_depend_on_the_order_in_which_files_came(names: list[str], seed: object) -> None:
    shuffled = list(names)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out random.Random

    assert output_names(shuffled) == output_names(names)
    assert {name: output_name(name, shuffled) for name in names} == output_names(names)


@given(names=CLASHING, arrived=st.integers(0, 3))
def test_the_photos_renamed_by_an_arrival_are_exactly_those_whose_output_is_called_differently(
    names: list[str], arrived: int
) -> None:
    new, old = names[:arrived], names[arrived:]
    before, after = output_names(old), output_names(names)

    found = renamed_by(new, names)

    assert found == tuple(sorted(name for name in old if before[name] != after[name]))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("x" * 251 + ".nef", id="longest"),
        pytest.param("é" * 125 + ".nef", id="longest-in-two-bytes-each"),
        pytest.param("\udcff" * 251 + ".nef", id="longest-that-is-not-utf-8"),
    ],
)
def test_the_longest_names_have_outputs_and_part_files(name: str) -> None:
    names = [name, name.removesuffix(".nef") + ".CR3"]

    outputs = list(output_names(names).values())
    parts = [part_name(output, 2**63) for output in outputs]

    assert len(set(outputs)) == 2
    assert all(len(os.fsencode(one)) <= LONGEST_NAME_BYTES for one in outputs + parts)
    assert [parse_part(part) for part in parts] == [2**63, 2**63]


def test_a_shortened_name_is_cut_between_characters() -> None:
    (long, _) = (part_name("é" * 125 + ".jpg", 12345), None)

    assert long.encode()
    assert long.startswith(".éé")


@given(output=NAMES.map(lambda name: name + ".jpg"), fence=st.integers(0, 2**63))
def test_a_part_file_is_recognised_by_its_name(output: str, fence: int) -> None:
    name = part_name(output, fence)

    assert parse_part(name) == fence
    assert len(os.fsencode(name)) <= LONGEST_NAME_BYTES


@pytest.mark.parametrize(
    "name",
    [
        "IMG_1.jpg",
        ".IMG_1.jpg.part",
        ".IMG_1.jpg.x.part",
        "IMG_1.jpg.1.part",
        ".IMG_1.NEF.1.part",
        ".IMG.jpg.-1.part",
    ],
)
def test_other_programs_part_files_are_not_ours(name: str) -> None:
    assert parse_part(name) is None


def test_names_to_keep_a_file_aside_fit_and_differ() -> None:
    names = list(itertools.islice(aside_names("x" * 255), 20))

    assert list(itertools.islice(aside_names("a.jpg"), 3)) == ["a.jpg.bak", "a.jpg.bak.2", "a.jpg.bak.3"]
    assert len(set(names)) == 20
    assert all(len(name) <= LONGEST_NAME_BYTES for name in names)


def test_ids_are_the_same_on_every_run_and_tell_photos_apart() -> None:
    first = photo_id(SessionId("s"), "a.nef")

    assert first == photo_id(SessionId("s"), "a.nef") == "ef0cf67849080dc3797e03fd"
    assert len({first, photo_id(SessionId("t"), "a.nef"), photo_id(SessionId("s"), "\udcff.nef")}) == 3
    assert output_id(PhotoId(first), "jpg") != output_id(PhotoId(first), "web")


def test_ids_of_one_session_stand_together() -> None:
    ids = sorted(photo_id(SessionId(session), f"{number}.nef") for session in "abc" for number in range(50))

    assert [identity[:8] for identity in ids] == [ids[at][:8] for at in (0, 50, 100) for _ in range(50)]
    assert len({identity[:8] for identity in ids}) == 3
