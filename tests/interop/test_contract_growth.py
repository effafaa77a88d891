"""The interface only ever grows: what was once published stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.protocol.contract import DARKROOM
from darkroom.protocol.describe import describe
from interop.contract_growth import losses

PUBLISHED = sorted(Path(__file__).parent.glob("io.darkroomd.Darkroom.*.varlink"))

BEFORE = """
interface a.b
type Size (width: int, height: int)
type Side (left, right)
# a comment (with: parts)
method Get(name: string, side: ?Side) -> (size: Size)
error NoSuch (name: string)
"""


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda path: path.name)
def test_nothing_that_was_published_is_taken_back(published: Path) -> None:
    assert losses(published.read_text(encoding="utf-8"), describe(DARKROOM)) == []


def test_there_is_something_to_compare_with() -> None:
    assert PUBLISHED


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("height: int)", "height: int, depth: int)", [], id="field-of-a-type-added"),
        pytest.param("(left, right)", "(left, right, middle)", [], id="word-added"),
        pytest.param("side: ?Side)", "side: ?Side, fast: ?bool)", [], id="optional-parameter-added"),
        pytest.param("(size: Size)", "(size: Size, more: int)", [], id="field-of-a-reply-added"),
        pytest.param("error", "method Put() -> ()\nerror", [], id="method-added"),
        pytest.param("# a comment", "# another", [], id="words-changed"),
        pytest.param("height: int)", "height: string)", ["type Size: height changed"], id="type-changed"),
        pytest.param("height: int)", "height: ?int)", ["type Size: height changed"], id="made-nullable"),
        pytest.param(", right)", ")", ["type Side: right changed"], id="word-removed"),
        pytest.param("-> (size: Size)", "-> ()", ["method Get: size changed"], id="reply-shortened"),
        pytest.param(
            "side: ?Side)",
            "side: ?Side, fast: bool)",
            ["method Get: fast is mandatory"],
            id="mandatory-parameter-added",
        ),
        pytest.param("error NoSuch (name: string)", "", ["error NoSuch is gone"], id="error-removed"),
    ],
)
def test_a_loss_is_told_from_growth(old: str, new: str, said: list[str]) -> None:
    assert losses(BEFORE, BEFORE.replace(old, new)) == said
