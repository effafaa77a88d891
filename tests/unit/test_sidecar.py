from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.model import CorrelationId
from darkroomd.core.presets import BUILTIN_PRESETS, Preset
from darkroomd.core.sidecar import (
    AlreadyFrozen,
    Frozen,
    SidecarDemands,
    Unreadable,
    freeze,
    read_sidecar,
    refusal,
    replace_preset,
    rfc3339,
)

NEUTRAL = BUILTIN_PRESETS["neutral"]
WARM = Preset(
    id="warm", name="Warm", description=None, builtin=False, adjustments={"temperature": 12, "hue": 0}
)
AT = 1_700_000_000_123_456


def frozen(existing: bytes | None, preset: Preset = NEUTRAL) -> Frozen | AlreadyFrozen | Unreadable:
    return freeze(existing, preset, applied_at_usec=AT, correlation_id=CorrelationId("c0ffee"))


def written(existing: object, preset: Preset = NEUTRAL) -> dict[str, Any]:
    outcome = frozen(json.dumps(existing).encode(), preset)
    assert isinstance(outcome, Frozen)
    document: dict[str, Any] = json.loads(outcome.data)
    return document


def test_a_new_sidecar_has_the_strict_form() -> None:
    outcome = frozen(None)

    assert isinstance(outcome, Frozen)
    assert json.loads(outcome.data) == {
        "version": 1,
        "rating": 0,
        "adjustments": {
            "darkroomd": {
                "presetId": "neutral",
                "presetName": "Neutral",
                "appliedAt": "2023-11-14T22:13:20.123Z",
                "lookVersion": 1,
                "correlationId": "c0ffee",
            }
        },
        "tags": None,
    }
    assert outcome.preset_id == "neutral"


def test_a_preset_replaces_its_own_keys_and_leaves_the_others() -> None:
    document = written(
        {"adjustments": {"temperature": 3, "exposure": 1.25, "boothy": {"preset_id": "b"}}}, WARM
    )

    adjustments = document["adjustments"]
    assert adjustments.pop("darkroomd")["presetId"] == "warm"
    assert adjustments == {"temperature": 12, "exposure": 1.25, "boothy": {"preset_id": "b"}, "hue": 0}


def test_unknown_keys_stay_in_their_order() -> None:
    outcome = frozen(
        b'{"z":1,"tags":["color:red"],"version":1,"a":{"deep":[1,2]},"rating":3,"exif":{"ISO":"100"}}'
    )

    assert isinstance(outcome, Frozen)
    document = json.loads(outcome.data)
    assert list(document) == ["z", "tags", "version", "a", "rating", "exif", "adjustments"]
    assert (document["z"], document["a"], document["exif"]) == (1, {"deep": [1, 2]}, {"ISO": "100"})


@pytest.mark.parametrize(
    ("existing", "key", "expected"),
    [
        pytest.param({"version": "1.0"}, "version", 1, id="version-as-text"),
        pytest.param({"version": 1.0}, "version", 1, id="version-as-fraction"),
        pytest.param({"version": 2}, "version", 2, id="newer-version-stays"),
        pytest.param({"version": "1e300"}, "version", 1, id="version-beyond-all-bounds"),
        pytest.param({"version": None}, "version", 1, id="version-null"),
        pytest.param({"version": {}}, "version", 1, id="version-of-another-kind"),
        pytest.param({"rating": 4.0}, "rating", 4, id="rating-as-fraction"),
        pytest.param({"rating": "3"}, "rating", 3, id="rating-as-text"),
        pytest.param({"rating": 99}, "rating", 5, id="rating-too-high"),
        pytest.param({"rating": -1}, "rating", 0, id="rating-below-zero"),
        pytest.param({"rating": True}, "rating", 0, id="rating-of-another-kind"),
        pytest.param({"rating": "inf"}, "rating", 0, id="rating-without-bounds"),
        pytest.param({"tags": ["color:red", 5, None]}, "tags", ["color:red"], id="tags-that-are-no-text"),
        pytest.param({"tags": "color:red"}, "tags", None, id="tags-of-another-kind"),
        pytest.param({}, "tags", None, id="nothing-there"),
    ],
)
def test_the_loose_form_is_read_and_the_strict_one_written(
    existing: object, key: str, expected: object
) -> None:
    assert written(existing)[key] == expected


def test_null_adjustments_and_a_byte_order_mark_are_read() -> None:
    outcome = frozen(b"\xef\xbb\xbf" + b'{"adjustments": null}')

    assert isinstance(outcome, Frozen)


@pytest.mark.parametrize("key", ["presetId", "preset_id"])
def test_a_frozen_preset_is_never_frozen_over(key: str) -> None:
    existing = json.dumps(
        {"version": "1.0", "adjustments": {"exposure": 1, "darkroomd": {key: "old"}}}
    ).encode()

    outcome = frozen(existing, WARM)

    assert outcome == AlreadyFrozen({"exposure": 1, "darkroomd": {key: "old"}}, "old")


def test_what_was_written_is_found_frozen() -> None:
    first = frozen(None, WARM)
    assert isinstance(first, Frozen)

    again = frozen(first.data, NEUTRAL)

    assert again == AlreadyFrozen(first.adjustments, "warm")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"version": 1, "adj', id="cut-off"),
        pytest.param(b"\0" * 64, id="zeros"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b'{"adjustments": [1]}', id="adjustments-of-another-kind"),
        pytest.param(b'{"a":' * 5000 + b"1" + b"}" * 5000, id="nested-beyond-the-parser"),
        pytest.param(b'{"a":' * 100 + b"1" + b"}" * 100, id="nested-too-deeply"),
        pytest.param(b'{"a": "\xff"}', id="not-utf-8"),
        pytest.param(b'{"a": "\\ud800"}', id="half-a-character"),
        pytest.param(b'{"a": 1' + b"0" * 40 + b"}", id="number-too-large"),
        pytest.param(b'{"a": 1e999}', id="number-without-end"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf-16"),
    ],
)
def test_what_cannot_be_read_is_not_guessed_at(data: bytes) -> None:
    assert isinstance(frozen(data), Unreadable)
    assert isinstance(read_sidecar(data), Unreadable)


@given(data=st.binary(max_size=80) | st.text(alphabet='{}[]":,1e-nul ', max_size=40).map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(frozen(data), Frozen | AlreadyFrozen | Unreadable)


def test_points_in_time_are_written_in_utc() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"


def replaced(existing: object, preset: Preset, *known: Preset) -> dict[str, Any]:
    outcome = replace_preset(
        json.dumps(existing).encode(),
        preset,
        {one.id: one for one in known},
        applied_at_usec=AT,
        correlation_id=CorrelationId("c0ffee"),
    )
    assert isinstance(outcome, Frozen)
    document: dict[str, Any] = json.loads(outcome.data)
    return document


def test_another_preset_takes_away_what_the_old_one_set_and_nobody_changed() -> None:
    existing = {
        "rating": 2,
        "adjustments": {
            "temperature": 12.0,
            "hue": 7,
            "crop": None,
            "darkroomd": {"presetId": "warm", "note": 1},
        },
    }

    document = replaced(existing, BUILTIN_PRESETS["bw"], WARM)

    adjustments = document["adjustments"]
    assert adjustments.pop("darkroomd")["presetId"] == "bw"
    assert adjustments == {"hue": 7, "crop": None, **BUILTIN_PRESETS["bw"].adjustments}
    assert document["rating"] == 2


def test_of_an_old_preset_that_nobody_knows_every_key_stays() -> None:
    existing = {"adjustments": {"temperature": 12, "darkroomd": {"presetId": "gone"}}}

    adjustments = replaced(existing, NEUTRAL)["adjustments"]

    assert adjustments["temperature"] == 12


@pytest.mark.parametrize(
    ("demands", "unsupported", "problem", "expected"),
    [
        pytest.param(SidecarDemands(), ("hue",), "broken", None, id="tolerant"),
        pytest.param(SidecarDemands(strict=True), (), "broken", None, id="nothing-set"),
        pytest.param(SidecarDemands(strict=True), ("hue",), "", "preset.unsupported", id="strict"),
        pytest.param(SidecarDemands(readable=True), (), "broken", "sidecar.unreadable", id="unreadable"),
    ],
)
def test_a_sidecar_is_refused_where_that_is_asked_for(
    demands: SidecarDemands, unsupported: tuple[str, ...], problem: str, expected: str | None
) -> None:
    failure = refusal(demands, unsupported, problem=problem, context={"path": "/a"})

    assert (failure and failure.code) == expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"adjustments":{"a":123456789012345678901234567890}}', id="beyond-64-bits"),
        pytest.param(b'{"adjustments":{"a":NaN}}', id="not-a-number"),
        pytest.param(b'{"adjustments":{"a":1e999}}', id="infinite"),
        pytest.param(b'{"adjustments":{"a":"\\ud800"}}', id="half-a-character"),
        pytest.param(b'{"a":' * 50_000, id="too-deep"),
        pytest.param(b'{"adjustments":' + b"[" * 999 + b"]" * 999 + b"}", id="deep-but-whole"),
    ],
)
def test_what_could_not_be_written_again_as_it_was_is_kept_aside(data: bytes) -> None:
    assert isinstance(frozen(data), Unreadable)
