from __future__ import annotations

from darkroomd.core.attribute_texts import attribute_texts, purpose_of


class Documented:
    """What it is
    in two lines.

    And more.

    Attributes:
        first: said in a line.
        second, third: said
            in two.

        fourth: "a": b.

    Raises:
        fifth: no attribute.
    """


class Bare:
    """One line."""


class Silent:
    pass


def test_each_attribute_has_its_text_in_one_line() -> None:
    assert attribute_texts(Documented) == {
        "first": "said in a line.",
        "second": "said in two.",
        "third": "said in two.",
        "fourth": '"a": b.',
    }


def test_what_stands_before_the_attributes_is_the_purpose() -> None:
    assert purpose_of(Documented) == "What it is in two lines.\nAnd more."
    assert purpose_of(Bare) == "One line."


def test_of_what_has_no_docstring_nothing_is_said() -> None:
    assert purpose_of(Silent) == ""
    assert attribute_texts(Silent) == attribute_texts(Bare) == {}
