from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.session_names import other_session_id, root_id, session_id, session_name


@pytest.mark.parametrize(
    ("folder", "slug"),
    [
        pytest.param("/photos/Wedding 2026", "Wedding-2026", id="words"),
        pytest.param("/photos/Łódź, część 1", "odz-czesc-1", id="accents"),
        pytest.param("/photos/結婚式", "session", id="another-script"),
        pytest.param("/photos/ -trimmed- ", "trimmed", id="blanks-and-dashes-at-the-ends"),
        pytest.param("/photos/a_b-c", "a_b-c", id="as-it-is"),
        pytest.param("/photos/a/../b;rm $(x)", "b-rm-x", id="marks-of-a-shell"),
        pytest.param("/photos/½ ﬁlm", "12-film", id="what-stands-for-letters"),
        pytest.param("/photos/\udcff\n", "session", id="not-utf-8"),
        pytest.param("/photos/" + "x" * 255, "x" * 40, id="long"),
        pytest.param("/", "session", id="the-root-of-the-disk"),
    ],
)
def test_an_id_begins_with_what_can_be_read_of_the_folders_name(folder: str, slug: str) -> None:
    assert session_id(Path(folder)).rpartition("-")[0] == slug


@given(folder=st.binary().map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")))
def test_an_id_is_safe_to_put_anywhere_and_never_changes(folder: str) -> None:
    path = Path("/photos") / folder

    found = session_id(path)

    assert found == session_id(path)
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in found)
    assert len(found) <= 49


def test_folders_of_one_name_in_different_places_have_different_ids() -> None:
    assert session_id(Path("/a/party")) != session_id(Path("/b/party"))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        pytest.param("/photos/結婚式 2026", "結婚式 2026", id="other-scripts-stay"),
        pytest.param("/photos/  two\nlines\t", "two lines", id="one-line"),
        pytest.param("/photos/Свадьба & Šárka!", "Свадьба & Šárka!", id="marks-and-accents-stay"),
        pytest.param("/photos/" + "y" * 255, "y" * 120, id="long"),
        pytest.param("/photos/a\x1b[31mb\x7f", "a [31mb", id="no-escapes-of-a-terminal"),
        pytest.param("/photos/a\u202eb", "a b", id="nothing-turns-the-line-around"),
        pytest.param("/photos/\udcffx", "x", id="not-utf-8"),
        pytest.param("/photos/\n", "session", id="nothing-to-read"),
    ],
)
def test_a_session_is_called_like_its_folder(folder: str, expected: str) -> None:
    assert session_name(Path(folder)) == expected


def test_a_root_is_called_like_its_folder_and_by_its_path() -> None:
    found = root_id(Path("/photos/My Studio"))

    assert found == root_id(Path("/photos/My Studio"))
    assert found.startswith("My-Studio-")
    assert root_id(Path("/photos/結婚式")).startswith("root-")


def test_an_id_that_is_taken_gets_a_number() -> None:
    assert other_session_id(session_id(Path("/photos/party")), 2) == f"{session_id(Path('/photos/party'))}-2"
