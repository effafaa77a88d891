from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.json_values import Json
from darkroomd.core.preset_documents import (
    LARGEST_PRESET_BYTES,
    LONGEST_ID,
    Reading,
    assemble,
    read_presets,
)
from darkroomd.core.presets import BUILTIN_PRESETS

RANGES = {"exposure": 5, "brightness": 5}


def read(document: object) -> Reading:
    return read_presets(json.dumps(document).encode(), stem="file")


def ids(reading: Reading) -> list[str]:
    return [preset.id for preset in reading.presets]


def test_a_preset_of_ours_is_read_with_all_it_says() -> None:
    reading = read(
        {"id": "w", "name": "Warm  skin\n", "description": "d", "adjustments": {"tint": 3}, "new": 1}
    )

    [preset] = reading.presets
    assert (preset.id, preset.name, preset.description) == ("w", "Warm skin", "d")
    assert (preset.adjustments, preset.builtin, reading.imported) == ({"tint": 3}, False, False)


def test_what_programs_noted_among_adjustments_is_no_part_of_a_preset() -> None:
    [preset] = read(
        {"id": "w", "name": "W", "adjustments": {"tint": 3, "darkroomd": {"presetId": "x"}, "boothy": {}}}
    ).presets

    assert preset.adjustments == {"tint": 3}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            [
                {"preset": {"id": "a", "name": "A", "adjustments": {}}},
                {
                    "folder": {
                        "name": "F",
                        "children": [
                            {"preset": {"id": "b", "name": "B", "adjustments": {}}},
                            {"folder": {"name": "G", "children": [{"id": "c", "adjustments": {}}]}},
                        ],
                    }
                },
            ],
            id="list-with-nested-folders",
        ),
        pytest.param(
            {"creator": "x", "presets": [{"preset": {"id": i, "adjustments": {}}} for i in "abc"]},
            id="shared",
        ),
    ],
)
def test_the_lists_of_another_program_are_read(document: object) -> None:
    reading = read(document)

    assert (ids(reading), reading.problems, reading.imported) == (["a", "b", "c"], (), True)


def test_an_entry_that_is_no_preset_does_not_spoil_the_others() -> None:
    reading = read([{"preset": {"id": "a", "adjustments": {}}}, 5, {"preset": {"id": "b"}}, {"id": "c"}])

    assert ids(reading) == ["a"]
    assert len(reading.problems) == 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"5", id="number"),
        pytest.param(b"[]", id="empty-list"),
        pytest.param(b"{}", id="no-adjustments"),
        pytest.param(b'{"id":"a","adjustments":{"exposure":NaN}}', id="not-a-number"),
        pytest.param(b'{"id":"a","adjustments":{"exposure":1%s}}' % (b"0" * 30), id="huge-number"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param(b'{"id":"a\\nb","adjustments":{}}', id="two-lines"),
        pytest.param(b'{"id":"%s","adjustments":{}}' % (b"a" * (LONGEST_ID + 1)), id="long-id"),
        pytest.param(b'{"id":"a","adjustments":{"masks":"%s"}}' % (b"a" * LARGEST_PRESET_BYTES), id="large"),
    ],
)
def test_a_broken_file_is_a_problem_and_nothing_else(data: bytes) -> None:
    reading = read_presets(data, stem="file")

    assert reading.presets == ()
    assert len(reading.problems) == 1


def test_a_missing_id_is_made_up_of_the_files_name() -> None:
    assert ids(read({"name": "N", "adjustments": {}})) == ["file"]
    assert ids(read([{"preset": {"adjustments": {}}}])) == ["file-1"]


def test_a_file_goes_before_a_built_in_preset_and_one_of_ours_before_an_imported_one() -> None:
    ours = read({"id": "vivid", "name": "My vivid", "adjustments": {"tint": 1}})
    imported = read(
        [{"preset": {"id": "vivid", "adjustments": {}}}, {"preset": {"id": "x", "adjustments": {}}}]
    )

    library = assemble({"a.json": imported, "b.json": ours})

    assert library.presets["vivid"].name == "My vivid"
    assert set(library.presets) == {*BUILTIN_PRESETS, "x"}
    assert library.problems == ("The preset vivid of a.json is left out: b.json has that id already.",)


def test_presets_are_in_the_order_of_their_names() -> None:
    names = [preset.name for preset in assemble({}).presets.values()]

    assert names == sorted(names, key=str.casefold)


@pytest.mark.parametrize("identity", BUILTIN_PRESETS)
def test_built_in_presets_stay_within_the_documented_ranges(identity: str) -> None:
    adjustments = BUILTIN_PRESETS[identity].adjustments

    assert all(
        isinstance(value, int) and value and abs(value) <= RANGES.get(key, 100)
        for key, value in adjustments.items()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "adjustments", "preset", "folder", "children", "presets"]),
            inner,
            max_size=3,
        )
    ),
)


@given(JSON)
def test_no_document_is_too_strange_to_be_read(document: Json) -> None:
    reading = read(document)

    assert reading.presets or reading.problems
