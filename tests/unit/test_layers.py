from __future__ import annotations

import pytest

from darkroomd.core.layers import KeyPath, holds, merged, without

LOWER = {
    "roots": ["/a", "/b"],
    "intake": {"quiet_seconds": 1.0, "poll_seconds": 5.0},
    "recipe": [{"name": "a"}],
}


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        pytest.param({}, LOWER, id="nothing"),
        pytest.param({"workers": 2}, {**LOWER, "workers": 2}, id="another-key"),
        pytest.param({"roots": ["/c"]}, {**LOWER, "roots": ["/c"]}, id="array"),
        pytest.param(
            {"recipe": [{"folder": "b"}]}, {**LOWER, "recipe": [{"folder": "b"}]}, id="tables-in-array"
        ),
        pytest.param(
            {"intake": {"quiet_seconds": 2.0}},
            {**LOWER, "intake": {"quiet_seconds": 2.0, "poll_seconds": 5.0}},
            id="table-key-by-key",
        ),
        pytest.param({"intake": {}}, LOWER, id="empty-table"),
    ],
)
def test_a_higher_layer_counts_in_what_it_says_and_leaves_the_rest(
    upper: dict[str, object], expected: object
) -> None:
    assert merged([LOWER, upper]) == expected


def test_layers_stay_as_they_were() -> None:
    before = repr(LOWER)

    merged([LOWER, {"intake": {"quiet_seconds": 3.0}}])

    assert repr(LOWER) == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("intake", "quiet_seconds"), True, id="key-of-a-table"),
        pytest.param(("intake", "scan_seconds"), False, id="another-key"),
        pytest.param(("recipe", 0, "name"), True, id="key-in-an-array"),
        pytest.param(("recipe", 1), False, id="beyond-an-array"),
        pytest.param(("roots", 1), True, id="element"),
        pytest.param(("roots", "name"), False, id="no-table"),
        pytest.param((), True, id="all"),
    ],
)
def test_a_document_holds_what_it_says(path: tuple[str | int, ...], *, expected: bool) -> None:
    assert holds(LOWER, path) is expected


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        pytest.param([], {"roots", "intake", "recipe"}, id="nothing"),
        pytest.param(
            [("intake", "poll_seconds"), ("roots", 1)], {"recipe"}, id="tables-and-arrays-as-a-whole"
        ),
        pytest.param([("none", "a")], {"roots", "intake", "recipe"}, id="what-is-not-there"),
        pytest.param([()], set(), id="everything"),
    ],
)
def test_a_document_can_go_without_what_is_wrong_in_it(paths: list[KeyPath], left: set[str]) -> None:
    assert without(LOWER, paths) == {key: LOWER[key] for key in left}
