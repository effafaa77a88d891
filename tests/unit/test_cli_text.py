from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.cli.text import SHORTEST, cells, printable, printable_json, shortened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("IMG_0001.NEF", "IMG_0001.NEF", id="ordinary"),
        pytest.param("ein Foto für später.NEF", "ein Foto für später.NEF", id="accents"),
        pytest.param("婚礼.NEF", "婚礼.NEF", id="wide"),
        pytest.param("a\nb", "a\\nb", id="line-break"),
        pytest.param("a\x1b[31mb", "a\\x1b[31mb", id="escape-sequence"),
        pytest.param("a\x9b31mb", "a\\x9b31mb", id="eight-bit-escape-sequence"),
        pytest.param("a\udcffb", "a\\xffb", id="not-utf-8"),
        pytest.param("FEN.\u202egpj", "FEN.\\u202egpj", id="right-to-left-override"),
        pytest.param("a\u200bb", "a\\u200bb", id="invisible"),
    ],
)
def test_what_a_terminal_would_act_on_is_spelled_out(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_made_printable_a_text_stays_on_its_line(text: str) -> None:
    result = printable(text)

    assert result.isprintable()
    assert printable(result) == result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("abc", 3, id="ascii"),
        pytest.param("für", 3, id="accent"),
        pytest.param("fu\u0308r", 3, id="combining-accent"),
        pytest.param("婚礼", 4, id="wide"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_the_width_of_a_text_is_what_a_terminal_gives_it(text: str, expected: int) -> None:
    assert cells(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("IMG_0001.NEF", 12, "IMG_0001.NEF", id="fits"),
        pytest.param("a-very-long-name-0001.NEF", 14, "a-very-…01.NEF", id="the-middle-goes"),
        pytest.param("婚礼婚礼婚礼婚礼婚礼.NEF", 12, "婚礼婚….NEF", id="wide"),
        pytest.param("a-very-long-name.NEF", 2, "a-ve…NEF", id="never-to-nothing"),
    ],
)
def test_a_text_that_is_too_long_keeps_its_ends(text: str, width: int, expected: str) -> None:
    assert shortened(text, width) == expected


@given(st.text().map(printable), st.integers(min_value=SHORTEST, max_value=40))
def test_a_shortened_text_fits(text: str, width: int) -> None:
    assert cells(shortened(text, width)) <= width


def test_json_for_a_terminal_is_the_same_json_without_its_controls() -> None:
    assert printable_json('{"name":"a\x9bb\u202ec\x7f ü"}') == '{"name":"a\\u009bb\\u202ec\\u007f ü"}'
