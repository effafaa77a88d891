"""Several outputs of one photo on their way to their places, cut short anywhere."""

from __future__ import annotations

import hashlib
import itertools
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from darkroomd.core.model import Fingerprint, Inputs, OutputId, PhotoId
from darkroomd.core.recovery import Found, Intent
from darkroomd.services.publishing import (
    decode_intents,
    encode_intents,
    final_path,
    finish_intended,
    look_for,
    publish_intended,
)

NAMES = ("a.jpg", "a.webp")


def intended(folder: Path, name: str) -> Intent:
    """Return the intent of an output with this name, whose content is its name."""
    return Intent(
        output_id=OutputId(name),
        photo_id=PhotoId("p"),
        recipe=name,
        part=os.fsencode(folder / f".{name}.1.part"),
        final=os.fsencode(folder / name),
        media_type="image/jpeg",
        size_bytes=len(name),
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        inputs=Inputs(Fingerprint(1, 2, 3, 4, 5), "raw", "look", "recipe", "pipeline"),
        captured_at_usec=None,
        camera="",
    )


def cut_short(folder: Path, states: tuple[str, ...]) -> list[Intent]:
    """Return the intents of two outputs, which are as far as `states` say."""
    intents = [intended(folder, name) for name in NAMES]
    for intent, name, state in zip(intents, NAMES, states, strict=True):
        places = {
            "part": [intent.part],
            "final": [intent.final],
            "both": [intent.part, intent.final],
            "none": [],
        }
        for place in places[state]:
            Path(os.fsdecode(place)).write_bytes(name.encode())
    return intents


def test_intents_are_kept_as_text(tmp_path: Path) -> None:
    intents = [intended(tmp_path, name) for name in NAMES]

    assert decode_intents(encode_intents(intents)) == intents


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null"])
def test_intents_of_another_version_are_none(text: str) -> None:
    assert decode_intents(text) == []


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(("part", "part"), Found(final=False, part=True), id="before-the-first"),
        pytest.param(("final", "part"), Found(final=False, part=True), id="between"),
        pytest.param(("final", "final"), Found(final=True, part=True), id="after-the-last"),
        pytest.param(("final", "none"), Found(final=False, part=False), id="one-is-lost"),
        pytest.param(("none", "part"), Found(final=False, part=False), id="the-first-is-lost"),
    ],
)
def test_what_stands_is_found(tmp_path: Path, states: tuple[str, str], expected: Found) -> None:
    assert look_for(cut_short(tmp_path, states)) == expected


@pytest.mark.parametrize("states", [*itertools.product(["part", "final", "both"], repeat=2)], ids="-".join)
def test_publishing_goes_on_wherever_it_was_cut_short(tmp_path: Path, states: tuple[str, str]) -> None:
    intents = cut_short(tmp_path, states)

    outputs = [finish_intended(intent, None, now_usec=7) for intent in intents]

    assert sorted(path.name for path in tmp_path.iterdir()) == list(NAMES)
    assert [output.path for output in outputs] == [final_path(intent) for intent in intents]
    assert [output.path.read_bytes().decode() for output in outputs] == list(NAMES)
    assert [output.created_at_usec for output in outputs] == [7, 7]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        pytest.param(b"by us", [], id="ours"),
        pytest.param(b"a lie", ["a.jpg.bak"], id="of-somebody-else"),
    ],
)
def test_what_only_looks_like_our_output_is_kept_aside(
    tmp_path: Path, content: bytes, kept: list[str]
) -> None:
    intent = intended(tmp_path, "a.jpg")
    final, part = final_path(intent), Path(os.fsdecode(intent.part))
    final.write_bytes(content)
    part.write_bytes(b"a.jpg")
    os.utime(final, ns=(7, 7))
    # Long before anything happened to what stands there.
    ours = replace(intent, size_bytes=5, sha256=hashlib.sha256(b"by us").hexdigest())
    record = ours.as_output(final, mtime_ns=7, created_at_usec=1)

    published = publish_intended(intent, record, now_usec=9)

    assert final.read_bytes() == b"a.jpg"
    assert [path.name for path in [published.kept] if path is not None] == kept
    assert [path.name for path in tmp_path.glob("*.bak")] == kept
