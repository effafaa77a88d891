"""A client and a daemon of different versions understand each other in all that both know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

import sent
from darkroom.cli.main import main
from darkroom.client import Client
from darkroom.client.reading import value_in
from darkroom.errors import EXIT_USAGE, MethodNotFound, RemoteError
from darkroom.protocol.contract import DARKROOM
from darkroom.protocol.describe import describe
from darkroom.protocol.faults import from_wire
from darkroom.protocol.methods import METHODS
from interop.peers import NEW_WORD, Description
from scripted import Peer, ScriptedDaemon, serving

INTERFACE = "io.darkroomd.Darkroom"
PUBLISHED = {
    path.name: Description.of(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).parent.glob(f"{INTERFACE}.*.varlink"))
}
NOW = Description.of(describe(DARKROOM))
NULLS = ("given", "null", "left out")

OF_PUBLISHED = [
    pytest.param(before, method, id=f"{name}-{method}")
    for name, before in PUBLISHED.items()
    for method in before.methods
]


@pytest.mark.parametrize(("before", "method"), OF_PUBLISHED)
def test_what_an_older_daemon_replies_is_understood(before: Description, method: str) -> None:
    kind = METHODS[method].reply

    read = [value_in(json.dumps(before.reply(method, nulls=nulls)).encode(), kind) for nulls in NULLS]

    assert [type(value) for value in read] == [kind] * len(NULLS)


@pytest.mark.parametrize(("before", "method"), OF_PUBLISHED)
def test_what_an_older_client_asks_is_understood(before: Description, method: str) -> None:
    asked = msgspec.convert(before.call(method), type=METHODS[method].parameters)

    assert isinstance(asked, METHODS[method].parameters)


@pytest.mark.parametrize(("before", "method"), OF_PUBLISHED)
def test_an_older_client_understands_what_is_replied_now(before: Description, method: str) -> None:
    for nulls in NULLS[:2]:
        reply = value_in(json.dumps(NOW.reply(method, nulls=nulls)).encode(), METHODS[method].reply)

        assert before.objections(json.loads(msgspec.json.encode(reply)), method) == []


@pytest.mark.parametrize("method", NOW.methods)
def test_fields_and_words_of_a_newer_daemon_get_in_nobodys_way(method: str) -> None:
    document = json.dumps(NOW.reply(method, tomorrow=True)).encode()

    reply = value_in(document, METHODS[method].reply)

    # What is known is read as it was said, new words included; what is not is left out.
    said = json.loads(msgspec.json.encode(reply))
    assert within(said, json.loads(document))
    assert b"fromTomorrow" not in msgspec.json.encode(reply)
    assert (NEW_WORD in document.decode()) == (NEW_WORD in json.dumps(said))


def within(part: Any, whole: Any) -> bool:
    """Tell whether one document says nothing that another does not say as well."""
    if isinstance(part, dict):
        return all(key in whole and within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(within, part, whole))
    return bool(part == whole)


@pytest.mark.parametrize(
    ("before", "error"),
    [
        pytest.param(before, error, id=f"{name}-{error}")
        for name, before in PUBLISHED.items()
        for error in before.errors
    ],
)
@pytest.mark.parametrize("tomorrow", [False, True], ids=["older", "newer"])
def test_errors_of_other_versions_are_the_same_errors(
    before: Description, error: str, *, tomorrow: bool
) -> None:
    parameters = before.fault(error, tomorrow=tomorrow)

    met = from_wire(f"{INTERFACE}.{error}", parameters)

    # A word that is new makes no error that this version could raise: it is told as it came.
    assert (type(met).__name__ == error) or (tomorrow and NEW_WORD in str(parameters))


def test_an_error_that_only_a_newer_daemon_knows_is_told_as_it_came() -> None:
    met = from_wire(f"{INTERFACE}.MoonTooBright", {"message": "Wait for the new moon.", "phase": 3})

    assert isinstance(met, RemoteError)
    assert "MoonTooBright" in met.message


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def from_tomorrow(value: Any) -> Any:
    """Return a reply as a newer daemon may give it: other words wherever this version knows a few."""
    if isinstance(value, dict):
        changed = {key: from_tomorrow(one) for key, one in value.items()}
        words = {"state", "kind", "priority", "mode", "watchMode", "stage", "level"} & changed.keys()
        return {**changed, **dict.fromkeys(words, NEW_WORD), "fromTomorrow": [1]}
    return [from_tomorrow(one) for one in value] if isinstance(value, list) else value


TOMORROW = {
    name: answer if isinstance(answer, tuple) else from_tomorrow(answer)
    for name, answer in sent.WORLD.items()
}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["status"], id="status"),
        pytest.param(["sessions"], id="sessions"),
        pytest.param(["photos", "Wedding"], id="photos"),
        pytest.param(["jobs"], id="jobs"),
        pytest.param(["show", "7"], id="a-job"),
        pytest.param(["show", "Wedding"], id="a-session"),
        pytest.param(["show", "IMG_2.NEF"], id="a-photo"),
        pytest.param(["doctor"], id="doctor"),
    ],
)
def test_the_command_shows_what_a_newer_daemon_says(
    path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedDaemon(path, [serving(TOMORROW)]):
        status = main(["--socket", str(path), *words])

    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    assert captured.out


def test_events_of_new_kinds_are_handed_to_whoever_watches(path: Path) -> None:
    def newer(peer: Peer) -> None:
        peer.call()
        for number, kind in enumerate(("ready", "moon.risen")):
            event = {"kind": kind, "atUsec": 1, "moon": {"phase": 3}, "job": None}
            peer.reply({"event": event, "cursor": str(number)}, continues=True)
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [newer]), Client(path) as client:
        events = client.watch()
        kinds = [next(events).kind for _ in range(2)]
        events.close()

    assert "moon.risen" in kinds


def test_a_method_that_an_older_daemon_lacks_is_said_to_be_lacking(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = ("org.varlink.service.MethodNotFound", {"method": f"{INTERFACE}.GetSummary"})
    answers = {"GetSummary": lacking}

    with ScriptedDaemon(path, [serving(answers)]), Client(path) as client, pytest.raises(MethodNotFound):
        client.get_summary()
    path.unlink()
    with ScriptedDaemon(path, [serving(answers)]):
        status = main(["--socket", str(path), "status"])

    assert status == EXIT_USAGE
    assert "GetSummary" in capsys.readouterr().err
