from __future__ import annotations

import pytest

from darkroom.cli.nearest import nearest, suggestion

NAMES = ["status", "stats", "sessions", "Wedding", "IMG_1.NEF", "IMG_2.NEF"]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        pytest.param("weding", ["Wedding"], id="letter-missing"),
        pytest.param("WEDDING", ["Wedding"], id="case"),
        pytest.param("wed", ["Wedding"], id="beginning"),
        pytest.param("stauts", ["stats", "status"], id="several"),
        pytest.param("zebra", [], id="nothing-like-it"),
        pytest.param("", [], id="empty"),
    ],
)
def test_what_may_have_been_meant_is_found(word: str, names: list[str]) -> None:
    assert nearest(word, NAMES) == names


@pytest.mark.parametrize(
    ("word", "text"),
    [
        pytest.param("weding", " Did you mean Wedding?", id="one"),
        pytest.param("stauts", " Did you mean stats or status?", id="two"),
        pytest.param("zebra", "", id="none"),
    ],
)
def test_it_is_asked_in_a_sentence(word: str, text: str) -> None:
    assert suggestion(word, NAMES) == text
