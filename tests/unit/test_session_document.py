from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import Failure
from darkroomd.core.json_values import Broken, Json, JsonObject, decode_object, encode_object
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Fingerprint,
    Inputs,
    Output,
    OutputId,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
)
from darkroomd.core.recorded_outputs import read_photos, remember
from darkroomd.core.session_document import merge, name_of

FOLDER = Path("/photos/party")
AT = 1_700_000_000_000_000
RAW = Fingerprint(device=1, inode=2, size_bytes=1000, mtime_ns=1_700_000_000_123_456_789, ctime_ns=4)
SHA = "ab" * 32
OUTPUT = Output(
    id=OutputId("o"),
    photo_id=PhotoId("p"),
    recipe="jpg",
    path=FOLDER / "Jpg" / "a.jpg",
    media_type="image/jpeg",
    size_bytes=50,
    mtime_ns=60,
    sha256=SHA,
    inputs=Inputs(raw=RAW, raw_sha256="cd" * 32, look="look", recipe="recipe", pipeline="pipeline"),
    created_at_usec=AT,
)
PHOTO = Photo(
    id=PhotoId("p"),
    session_id=SessionId("party"),
    name="a.NEF",
    raw=FOLDER / "Raw" / "a.NEF",
    fingerprint=RAW,
    look="look",
    preset_id="neutral",
    state=PhotoState.DEVELOPED,
    discarded_by=None,
    captured_at_usec=None,
    corrected_at_usec=None,
    unsupported=("exposure",),
    warnings=(),
    camera="",
    attempts=1,
    last_attempt_at_usec=AT,
    outputs=(OUTPUT,),
    failure=None,
    correlation_id=CorrelationId("c0ffee"),
    arrived_at_usec=AT,
    revision=1,
)
FAILED = replace(
    PHOTO,
    state=PhotoState.FAILED,
    outputs=(),
    failure=Failure(
        code="raw.truncated", message="Cut \udcff.", transient=False, context={"path": "\udcff", "at": 3}
    ),
)


def entries(document: JsonObject) -> list[Any]:
    found: list[Any] = json.loads(encode_object(document))["photos"]
    return found


def entry(photo: Photo, existing: Json = None) -> dict[str, Any]:
    (only,) = entries(merge({"photos": [existing] if existing else []}, [photo]))
    assert isinstance(only, dict)
    return only


def recorded_with(change: JsonObject) -> JsonObject:
    """Return a document whose only output was tampered with."""
    (only,) = entries(merge(None, [PHOTO]))
    only["outputs"][0].update(change)
    return {"photos": [only]}


def test_a_developed_photo_is_recorded_in_full() -> None:
    assert entry(PHOTO) == {
        "rawFilename": "a.NEF",
        "backgroundExportCompleted": True,
        "backgroundExportTimestamp": "2023-11-14T22:13:20.000Z",
        "attemptCount": 1,
        "lastAttemptAt": "2023-11-14T22:13:20.000Z",
        "lastError": None,
        "backgroundExportFailed": False,
        "rawSizeBytes": 1000,
        "rawMtimeNs": 1_700_000_000_123_456_789,
        "correlationId": "c0ffee",
        "presetId": "neutral",
        "outputs": [
            {
                "recipe": "jpg",
                "file": "Jpg/a.jpg",
                "sizeBytes": 50,
                "mtimeNs": 60,
                "sha256": SHA,
                "mediaType": "image/jpeg",
                "createdAt": "2023-11-14T22:13:20.000Z",
                "raw": {"sizeBytes": 1000, "mtimeNs": 1_700_000_000_123_456_789, "sha256": "cd" * 32},
                "look": "look",
                "recipeDigest": "recipe",
                "pipeline": "pipeline",
            }
        ],
        "discarded": False,
        "discardedBy": None,
        "rejected": False,
        "arrivedAt": "2023-11-14T22:13:20.000Z",
        "capturedAt": None,
        "correctedAt": None,
        "zoneMinutes": None,
        "camera": "",
        "unsupported": ["exposure"],
        "leftOut": [],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("photo", "completed"),
    [
        pytest.param(PHOTO, True, id="developed"),
        pytest.param(FAILED, False, id="attempted"),
        pytest.param(replace(PHOTO, state=PhotoState.OUTDATED), False, id="outdated"),
        pytest.param(
            replace(PHOTO, state=PhotoState.OUTDATED, aged=True), True, id="only-the-pipeline-is-newer"
        ),
        pytest.param(replace(PHOTO, state=PhotoState.MISSING), True, id="developed-then-the-raw-went"),
        pytest.param(replace(PHOTO, state=PhotoState.MISSING, outputs=()), False, id="never-developed"),
    ],
)
def test_attempted_is_never_completed(photo: Photo, *, completed: bool) -> None:
    found = entry(photo)

    assert found["backgroundExportCompleted"] is completed
    assert (found["backgroundExportTimestamp"] is not None) is completed


def test_a_failure_says_code_sentence_and_facts_in_words_that_json_can_hold() -> None:
    assert entry(FAILED)["lastError"] == {
        "code": "raw.truncated",
        "message": "Cut \ufffd.",
        "context": {"path": "\ufffd", "at": 3},
    }


def test_what_others_wrote_stays_in_its_place() -> None:
    existing: JsonObject = {
        "theirs": {"a": 1},
        "schemaVersion": 3,
        "photos": [
            {"rawFilename": "foreign.NEF", "mood": "good"},
            "no entry at all",
            {"stars": 5, "rawFilename": "a.NEF", "attemptCount": 0, "last": [1]},
        ],
        "more": None,
    }

    document = merge(existing, [PHOTO])

    assert list(document) == ["theirs", "schemaVersion", "photos", "more"]
    assert document["schemaVersion"] == 3
    photos = document["photos"]
    assert isinstance(photos, list)
    assert photos[0] == {
        "rawFilename": "foreign.NEF",
        "mood": "good",
        "backgroundExportCompleted": False,
        "attemptCount": 0,
    }
    assert photos[1] == "no entry at all"
    assert isinstance(photos[2], dict)
    assert list(photos[2])[:4] == ["stars", "rawFilename", "attemptCount", "last"]
    assert (photos[2]["stars"], photos[2]["attemptCount"]) == (5, 1)
    assert len(photos) == 3


def test_snake_case_is_read_and_written_as_camel_case() -> None:
    found = entry(PHOTO, {"raw_filename": "a.NEF", "attempt_count": 7, "background_export_completed": False})

    assert found["attemptCount"] == 1
    assert not [key for key in found if "_" in key]


def test_entries_about_one_photo_are_joined() -> None:
    twice: list[Json] = [
        {"rawFilename": "a.NEF", "x": 1},
        {"raw_filename": "a.NEF", "x": 2, "attempt_count": 9, "y": 3},
    ]

    (found,) = entries(merge({"photos": twice}, [PHOTO]))

    assert (found["x"], found["y"], found["attemptCount"]) == (1, 3, 1)
    assert "attempt_count" not in found


def test_every_key_of_ours_is_understood_in_snake_case() -> None:
    ours = entry(replace(PHOTO, name="\udcff.NEF"))
    snake = {
        re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), key): value for key, value in ours.items()
    }

    assert entry(replace(PHOTO, name="\udcff.NEF"), snake) == ours


def test_merging_twice_changes_nothing() -> None:
    once = merge(None, [PHOTO, replace(FAILED, name="\udcff\n.NEF")])
    decoded = decode_object(encode_object(once))
    assert not isinstance(decoded, Broken)

    again = merge(decoded, [PHOTO, replace(FAILED, name="\udcff\n.NEF")])

    assert encode_object(again) == encode_object(once)


def test_names_that_are_not_utf_8_are_told_apart() -> None:
    photos = [replace(PHOTO, name=name) for name in ("\udcff.NEF", "\udcfe.NEF", "\ufffd.NEF")]

    document = merge(None, photos)

    assert {name_of(one) for one in entries(document)} == {photo.name for photo in photos}


def test_a_lost_database_is_rebuilt_from_what_was_written() -> None:
    photo = replace(PHOTO, name="\udcff.NEF", outputs=(replace(OUTPUT, path=FOLDER / "Jpg" / "\udcff.jpg"),))
    document = decode_object(encode_object(merge(None, [photo])))
    assert not isinstance(document, Broken)

    recorded = read_photos(document)["\udcff.NEF"]

    assert recorded.correlation_id == "c0ffee"
    (output,) = recorded.outputs
    assert output.file == PurePosixPath("Jpg/\udcff.jpg")
    rebuilt = output.as_output(PhotoId("p"), folder=FOLDER)
    blank = replace(RAW, device=0, inode=0, ctime_ns=0)
    expected = replace(photo.outputs[0], id=rebuilt.id, inputs=replace(OUTPUT.inputs, raw=blank))
    assert rebuilt == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"file": "/etc/passwd"}, id="absolute"),
        pytest.param({"file": "../other/a.jpg"}, id="outside"),
        pytest.param({"file": "Jpg/../../a.jpg"}, id="outside-by-a-detour"),
        pytest.param({"file": ""}, id="no-name"),
        pytest.param({"file": "a\0.jpg"}, id="zero-byte"),
        pytest.param({"fileUri": "%2e%2e/a.jpg"}, id="outside-in-disguise"),
        pytest.param({"sizeBytes": -1}, id="negative-size"),
        pytest.param({"sizeBytes": "50"}, id="size-as-text"),
        pytest.param({"sha256": "short"}, id="no-hash"),
        pytest.param({"raw": None}, id="no-raw"),
        pytest.param({"look": 5}, id="no-look"),
    ],
)
def test_a_record_that_is_not_complete_is_passed_over(change: JsonObject) -> None:
    assert read_photos(recorded_with(change))["a.NEF"].outputs == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param(330, 330, id="ahead"),
        pytest.param(-570, -570, id="behind"),
        pytest.param(0, 0, id="utc"),
        pytest.param(None, None, id="not-known"),
        pytest.param(1 << 40, None, id="nowhere"),
        pytest.param("+02:00", None, id="not-in-minutes"),
    ],
)
def test_a_zone_that_no_place_has_is_not_known(written: Json, read: int | None) -> None:
    document: JsonObject = {"photos": [{**entry(PHOTO), "zoneMinutes": written}]}

    assert read_photos(document)["a.NEF"].past.zone_minutes == read


def arrival(raw: Fingerprint = RAW) -> Arrival:
    return Arrival(
        session_id=SessionId("s"),
        name="a.NEF",
        fingerprint=raw,
        look="look",
        preset_id=None,
        unsupported=(),
        warnings=(),
        correlation_id=CorrelationId("new"),
        arrived_at_usec=AT,
    )


def test_a_failure_and_its_attempts_are_known_from_what_was_written() -> None:
    document = decode_object(encode_object(merge(None, [replace(FAILED, attempts=3)])))
    assert not isinstance(document, Broken)

    known, failure = remember(read_photos(document)["a.NEF"], arrival())

    assert (known.past.attempts, known.past.last_attempt_at_usec) == (3, AT)
    assert (known.correlation_id, known.arrived_at_usec) == ("c0ffee", AT)
    assert failure == Failure(
        code="raw.truncated", message="Cut \ufffd.", transient=False, context={"path": "\ufffd", "at": 3}
    )


@pytest.mark.parametrize(
    ("photo", "raw", "attempts"),
    [
        pytest.param(replace(FAILED, state=PhotoState.WAITING), RAW, 1, id="tried-but-not-given-up"),
        pytest.param(FAILED, replace(RAW, size_bytes=9), 0, id="another-size"),
        pytest.param(FAILED, replace(RAW, mtime_ns=9), 0, id="another-time"),
        pytest.param(PHOTO, RAW, 0, id="developed-and-lost-since"),
    ],
)
def test_a_photo_that_did_not_fail_as_it_is_now_is_developed(
    photo: Photo, raw: Fingerprint, attempts: int
) -> None:
    recorded = read_photos(merge(None, [photo])).get("a.NEF")

    known, failure = remember(recorded, arrival(raw))

    assert (known.past.attempts, failure) == (attempts, None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"backgroundExportFailed": 1}, id="not-quite-true"),
        pytest.param({"lastError": "raw.truncated"}, id="error-as-text"),
        pytest.param({"lastError": {"code": "raw.truncated"}}, id="no-sentence"),
        pytest.param({"lastError": {"code": 5, "message": "x"}}, id="code-as-a-number"),
    ],
)
def test_a_failure_that_is_not_complete_is_passed_over(change: JsonObject) -> None:
    recorded = read_photos({"photos": [entry(FAILED) | change]})["a.NEF"]

    assert recorded.failure is None


def test_a_time_that_a_program_rounded_only_costs_a_comparison() -> None:
    document = recorded_with({"mtimeNs": None, "createdAt": "yesterday"})

    (output,) = read_photos(document)["a.NEF"].outputs

    assert (output.mtime_ns, output.created_at_usec) == (0, 0)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b.nef", "/a.nef", "a\0.nef", 5, None, ["a"]])
def test_a_name_that_is_none_names_no_photo(name: Json) -> None:
    assert name_of({"rawFilename": name}) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["photos", "rawFilename", "raw_filename", "outputs", "raw", "file", "sha256", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(document=st.dictionaries(st.sampled_from(["photos", "schemaVersion", "x"]), JSON))
def test_no_document_is_too_strange_to_be_merged_and_read(document: JsonObject) -> None:
    merged = merge(document, [PHOTO])

    assert isinstance(decode_object(encode_object(merged)), dict)
    assert "a.NEF" in read_photos(merged)
    assert isinstance(read_photos(document), dict)
