from __future__ import annotations

import os
import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.archive_names import (
    LONGEST_STEM_BYTES,
    bases_of,
    clean_stem,
    folder_and_base,
    numbered,
    stem_of_archived,
)
from darkroomd.core.naming import LONGEST_NAME_BYTES, fold

ANY_NAME = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300)


def usec(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]  # year to second


@pytest.mark.parametrize(
    ("taken_usec", "expected"),
    [
        pytest.param(usec(2026, 5, 1, 9, 8, 7) + 999_999, ("2026", "20260501_090807"), id="part-of-a-second"),
        pytest.param(0, ("1970", "19700101_000000"), id="first"),
        pytest.param(usec(9999, 12, 31, 23, 59, 59), ("9999", "99991231_235959"), id="last"),
        pytest.param(-1, ("unknown", "IMG_1"), id="before-1970"),
        pytest.param(usec(9999, 12, 31, 23, 59, 59) + 1_000_000, ("unknown", "IMG_1"), id="beyond-9999"),
        pytest.param(2**63, ("unknown", "IMG_1"), id="beyond-any-clock"),
        pytest.param(-(2**63), ("unknown", "IMG_1"), id="before-any-clock"),
        pytest.param(None, ("unknown", "IMG_1"), id="nobody-knows"),
    ],
)
def test_a_photo_is_called_after_its_second_in_the_folder_of_its_year(
    taken_usec: int | None, expected: tuple[str, str]
) -> None:
    assert folder_and_base(taken_usec, "IMG_1.NEF") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("IMG_0001.NEF", "IMG_0001", id="as-cameras-name"),
        pytest.param("Hochzeit Müller & Söhne.NEF", "Hochzeit Müller & Söhne", id="latin"),
        pytest.param("花嫁と花婿.CR3", "花嫁と花婿", id="japanese"),
        pytest.param("עברית ١٢٣.NEF", "עברית ١٢٣", id="hebrew-and-arabic"),
        pytest.param(
            "\u0645\u06cc\u200c\u062e.NEF", "\u0645\u06cc\u200c\u062e", id="persian-joiner-is-spelling"
        ),
        pytest.param("\U0001f469\u200d\U0001f467.NEF", "\U0001f469\u200d\U0001f467", id="family"),
        pytest.param("e\u0301.NEF", "é", id="composed"),
        pytest.param('a/b\\c:d*e?f"g<h>i|j.NEF', "a_b_c_d_e_f_g_h_i_j", id="separators"),
        pytest.param("Dr. No.1.NEF", "Dr_ No_1", id="dots"),
        pytest.param("line\nfeed\ttab\x7f.NEF", "line_feed_tab_", id="control-characters"),
        pytest.param("line\u2028end.NEF", "line_end", id="other-ends-of-lines"),
        pytest.param("photo\u202egpj.NEF", "photogpj", id="turned-around"),
        pytest.param("zero\u200bwidth\ufeff.NEF", "zerowidth", id="invisible"),
        pytest.param("caf\udce9.NEF", "caf_", id="not-utf-8"),
        pytest.param("\ufffe.NEF", "_", id="no-character"),
        pytest.param(".hidden.NEF", "_hidden", id="leading-dot"),
        pytest.param("-rf.NEF", "_rf", id="leading-dash"),
        pytest.param("  both \u3000.NEF", "both", id="spaces-at-the-ends"),
        pytest.param("ends.. .NEF", "ends__", id="trailing-dots-and-spaces"),
        pytest.param("con.NEF", "_con", id="reserved"),
        pytest.param("LPT9.NEF", "_LPT9", id="reserved-port"),
        pytest.param("COM¹.NEF", "_COM¹", id="reserved-port-raised"),
        pytest.param("aux.tar.NEF", "aux_tar", id="reserved-before-a-dot"),
        pytest.param("console.NEF", "console", id="begins-like-a-reserved-one"),
        pytest.param("\u200e .NEF", "unnamed", id="nothing-is-left"),
        pytest.param("..NEF", "_", id="a-dot-alone"),
        pytest.param("IMG", "IMG", id="no-extension"),
    ],
)
def test_a_name_loses_what_no_file_system_should_hold_and_no_letter(name: str, expected: str) -> None:
    assert clean_stem(name) == expected


@given(name=ANY_NAME)
def test_a_clean_stem_can_be_written_everywhere(name: str) -> None:
    stem = clean_stem(name)

    assert len(stem.encode()) <= LONGEST_STEM_BYTES
    assert unicodedata.is_normalized("NFC", stem)
    assert re.search(r"[\x00-\x1f\x7f./\\:*?\"<>|\u202a-\u202e\u2066-\u2069]", stem) is None
    assert stem == stem.strip() != ""
    assert not stem.startswith("-")
    assert os.fsdecode(os.fsencode(stem)) == stem


@given(name=ANY_NAME)
def test_a_clean_stem_is_clean(name: str) -> None:
    stem = clean_stem(name)

    assert clean_stem(stem) == stem
    assert clean_stem(stem + ".NEF") == stem


@given(
    name=st.text(
        st.characters(categories=("Lu", "Ll", "Lo", "Lm", "Nd")), min_size=1, max_size=LONGEST_STEM_BYTES // 4
    )
)
def test_letters_and_digits_of_all_scripts_stay(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)

    assert clean_stem(name + ".NEF").removeprefix("_") == composed


@pytest.mark.parametrize("letter", ["x", "é", "花", "\U0001f469"])
def test_a_long_stem_is_cut_between_characters_and_stays_different(letter: str) -> None:
    one, other = (clean_stem(letter * 250 + end + ".NEF") for end in "12")

    assert one != other
    assert one.encode()
    assert LONGEST_STEM_BYTES - 4 < len(one.encode()) <= LONGEST_STEM_BYTES
    assert len((one + "_999" + "x" * 80).encode("utf-16-le")) // 2 <= LONGEST_NAME_BYTES


def test_the_first_of_a_name_is_plain_and_the_others_are_numbered() -> None:
    stems = list(numbered("A"))

    assert stems[:3] == ["A", "A_001", "A_002"]
    assert stems[-1] == "A_999"
    assert len(stems) == 1000


@given(base=ANY_NAME.map(clean_stem))
def test_a_numbered_stem_tells_its_base(base: str) -> None:
    bases = [set(bases_of(fold(stem))) for stem in numbered(base)]

    assert all(fold(base) in each for each in bases)
    assert "A" not in bases_of("A_000")


def test_the_stem_of_a_file_is_what_stands_before_its_first_dot() -> None:
    names = ["A_001.NEF.rrdata", "a_001.camera.JPG", "A_001"]

    assert {stem_of_archived(name) for name in names} == {"a_001"}
