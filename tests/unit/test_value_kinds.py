from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta

from darkroomd.core.value_kinds import element_kind_of, kind_of
from darkroomd.sections import Count, OverlaySection, Seconds


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param(bool, "true or false", id="flag"),
        pytest.param(str, "text", id="text"),
        pytest.param(Annotated[str, Meta(min_length=1)], "text that is not empty", id="text-of-some-length"),
        pytest.param(Seconds, "a number from 0 to 86400", id="number-in-bounds"),
        pytest.param(Annotated[float, Meta(ge=0.5, le=2)], "a number from 0.5 to 2", id="fraction"),
        pytest.param(Annotated[float, Meta(gt=0, le=100)], "a number above 0, at most 100", id="above"),
        pytest.param(Annotated[float, Meta(gt=0)], "a number above 0", id="above-alone"),
        pytest.param(Annotated[int, Meta(ge=1)], "a whole number from 1 upwards", id="upwards"),
        pytest.param(int, "a whole number", id="any-number"),
        pytest.param(Literal["a", "b"], 'one of "a", "b"', id="choice"),
        pytest.param(tuple[str, ...], "an array of texts", id="texts"),
        pytest.param(tuple[Count, ...], "an array of whole numbers from 1 to 1000000", id="numbers"),
        pytest.param(
            Annotated[tuple[bool, ...], Meta(min_length=1)],
            "an array of true or false, at least one",
            id="at-least-one",
        ),
        pytest.param(tuple[int, int], "an array of 2 whole numbers", id="pair"),
        pytest.param(tuple[OverlaySection, ...], "an array of tables", id="tables"),
        pytest.param(OverlaySection | None, "a table", id="optional"),
    ],
)
def test_a_type_is_told_in_words(annotation: object, expected: str) -> None:
    assert kind_of(annotation) == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param(tuple[Seconds, ...], "a number from 0 to 86400", id="array"),
        pytest.param(tuple[int, int], "a whole number", id="pair"),
        pytest.param(bool, "true or false", id="no-array"),
    ],
)
def test_the_elements_of_an_array_are_told_in_words(annotation: object, expected: str) -> None:
    assert element_kind_of(annotation) == expected
