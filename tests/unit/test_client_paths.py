from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.client.paths import exact_path, file_at, path_in, spellings
from darkroom.protocol.types import File


@given(st.binary(min_size=1).filter(lambda name: not name.startswith(b"/") and b"\0" not in name))
def test_any_name_survives_the_way_to_the_daemon_and_back(name: bytes) -> None:
    path = Path("/photos", os.fsdecode(name))

    assert exact_path(file_at(path)) == str(path)


def test_a_relative_path_is_sent_as_it_is() -> None:
    assert file_at("Wedding/Raw") == File(path="Wedding/Raw")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        pytest.param("file:///a%20b", "/a b", id="escaped"),
        pytest.param("FILE://localhost/a", "/a", id="this-machine"),
        pytest.param("file:/a", "/a", id="short"),
        pytest.param("file:///a%FF", os.fsdecode(b"/a\xff"), id="not-utf-8"),
        pytest.param("file:///a\nb", "/a\nb", id="line-break"),
        pytest.param("file://elsewhere/a", None, id="another-machine"),
        pytest.param("http:///a", None, id="another-scheme"),
        pytest.param("/a", None, id="path"),
    ],
)
def test_a_uri_of_a_file_names_a_path_on_this_machine(uri: str, path: str | None) -> None:
    assert path_in(uri) == path


@pytest.mark.parametrize(
    ("file", "path"),
    [
        pytest.param(File(path="/a?", uri="file:///a%FF"), os.fsdecode(b"/a\xff"), id="the-uri-is-exact"),
        pytest.param(File(path="/a"), "/a", id="path-alone"),
        pytest.param(File(path="/a", uri="x:/b"), "/a", id="a-uri-of-another-kind"),
        pytest.param(File(), "", id="nothing"),
    ],
)
def test_the_exact_path_is_the_best_there_is(file: File, path: str) -> None:
    assert exact_path(file) == path


@pytest.mark.parametrize("path", ["", "/a\0b"], ids=["empty", "nul"])
def test_what_cannot_be_a_path_has_no_spelling(path: str) -> None:
    assert spellings(path) == frozenset()


def test_a_path_is_spelled_with_the_links_to_its_folder_followed_but_not_its_own(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    (folder / "real").mkdir()
    (folder / "real" / "A.NEF").symlink_to("B.NEF")
    (folder / "link").symlink_to("real")

    assert spellings(folder / "link" / "x" / ".." / "A.NEF") == {
        str(folder / "link" / "A.NEF"),
        str(folder / "real" / "A.NEF"),
    }
