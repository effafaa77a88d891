from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.cli.arguments import parse
from darkroom.cli.commands.root import root_table
from darkroom.cli.commands.session import rescanned
from darkroom.errors import InvalidParameter
from darkroom.protocol.replies import RescanReply
from darkroom.protocol.types import File, Root
from darkroomd.api.handlers.places import path_in


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(
            ["session", "add", "here", "--preset", "bw", "--json"],
            {"action": "add", "folder": "here", "preset": "bw", "json": True},
            id="add-a-session",
        ),
        pytest.param(
            ["session", "remove", "Wedding", "--cancel-jobs"],
            {"action": "remove", "session": "Wedding", "cancel_jobs": True},
            id="remove-a-session",
        ),
        pytest.param(
            ["--json", "session", "rescan", "Wedding", "--priority", "high", "--paused"],
            {"action": "rescan", "priority": "high", "paused": True, "json": True},
            id="rescan-a-session",
        ),
        pytest.param(["root", "add", "here"], {"command": "root", "action": "add"}, id="add-a-root"),
        pytest.param(["root", "list", "--socket", "/s"], {"action": "list", "socket": "/s"}, id="list-roots"),
    ],
)
def test_the_words_about_places_are_understood(words: list[str], expected: dict[str, object]) -> None:
    arguments = vars(parse(words))

    assert {name: arguments[name] for name in expected} == expected


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["session"], id="no-action"),
        pytest.param(["session", "add"], id="add-what"),
        pytest.param(["session", "forget", "Wedding"], id="unknown-action"),
        pytest.param(["session", "rescan", "Wedding", "--priority", "urgent"], id="unknown-priority"),
        pytest.param(["root", "list", "here"], id="too-much"),
    ],
)
def test_wrong_words_about_places_end_with_status_two(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_rescan_says_what_it_found() -> None:
    assert rescanned(RescanReply(job_id=7, item_count=1)) == ["Job 7 develops 1 photo."]
    assert rescanned(RescanReply(job_id=7, item_count=2)) == ["Job 7 develops 2 photos."]
    assert "Nothing to do" in rescanned(RescanReply(item_count=0))[0]


def test_roots_are_listed_under_a_heading() -> None:
    root = Root(id="photos-1", folder=File(path="/photos"), watch_mode="events", session_count=3)

    heading, line = root_table([root], width=None)

    assert heading.split() == ["ROOT", "SESSIONS", "WATCHED", "BY", "ID"]
    assert line.split() == ["/photos", "3", "events", "photos-1"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(File(path="/a b"), "/a b", id="path"),
        pytest.param(File(uri="file:///a%20b"), "/a b", id="uri"),
        pytest.param(File(uri="file:/a"), "/a", id="short-uri"),
        pytest.param(File(uri="FILE://localhost/a"), "/a", id="uri-of-this-machine"),
        pytest.param(File(uri="file:///%FF%0A"), "/\udcff\n", id="not-utf-8"),
    ],
)
def test_a_folder_is_named_by_path_or_uri(file: File, expected: str) -> None:
    assert path_in(file) == Path(expected)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(File(), id="neither"),
        pytest.param(File(path="/a", uri="file:///a"), id="both"),
        pytest.param(File(uri="file://elsewhere/a"), id="another-machine"),
        pytest.param(File(uri="file:a"), id="relative"),
        pytest.param(File(uri="file:////a"), id="another-machine-in-disguise"),
        pytest.param(File(uri=""), id="empty"),
    ],
)
def test_what_names_no_folder_of_this_machine_is_no_parameter(file: File) -> None:
    with pytest.raises(InvalidParameter):
        path_in(file)
