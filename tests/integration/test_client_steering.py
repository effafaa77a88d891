"""What the client asks for the verbs of the queue, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom import Client
from darkroom.client import Inhibition
from darkroom.errors import (
    ConnectionLost,
    DaemonUnreachable,
    DarkroomError,
    InvalidJobState,
    LimitReached,
    ProtocolViolation,
    TimedOut,
)
from darkroom.protocol.replies import RetryReply
from darkroom.protocol.types import InhibitMode, Job, JobState, Priority
from scripted import Peer, Script, ScriptedDaemon

INTERFACE = "io.darkroomd.Darkroom"
QUEUE = {"queue": msgspec.to_builtins(sent.queue())}
ITEM = {"item": msgspec.to_builtins(sent.item())}
DONE = replace(sent.job(state=JobState.COMPLETED), ended_at_usec=sent.NOON_USEC)


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def of(job: Job) -> dict[str, Any]:
    return {"job": msgspec.to_builtins(job)}


@pytest.mark.parametrize(
    ("ask", "method", "parameters", "reply", "answer"),
    [
        pytest.param(lambda c: c.get_queue(), "GetQueue", {}, QUEUE, sent.queue(), id="get-queue"),
        pytest.param(lambda c: c.pause_queue(), "PauseQueue", {}, QUEUE, sent.queue(), id="pause-queue"),
        pytest.param(
            lambda c: c.pause_queue(reason="dinner", until_usec=5, finish_running=False),
            "PauseQueue",
            {"reason": "dinner", "untilUsec": 5, "finishRunning": False},
            QUEUE,
            sent.queue(),
            id="pause-queue-in-full",
        ),
        pytest.param(lambda c: c.resume_queue(), "ResumeQueue", {}, QUEUE, sent.queue(), id="resume-queue"),
        pytest.param(lambda c: c.get_item(70), "GetItem", {"itemId": 70}, ITEM, sent.item(), id="get-item"),
        pytest.param(
            lambda c: c.cancel_jobs([7, 8], reason="x"),
            "CancelJobs",
            {"jobIds": [7, 8], "reason": "x"},
            {"jobIds": [7]},
            (7,),
            id="cancel-jobs",
        ),
        pytest.param(
            lambda c: c.retry_jobs([7], include_canceled=True),
            "RetryJobs",
            {"jobIds": [7], "includeCanceled": True},
            {"jobIds": [7], "itemCount": 2},
            RetryReply(job_ids=(7,), item_count=2),
            id="retry-jobs",
        ),
        pytest.param(
            lambda c: c.pause_jobs([7]), "PauseJobs", {"jobIds": [7]}, {"jobIds": [7]}, (7,), id="pause-jobs"
        ),
        pytest.param(
            lambda c: c.resume_jobs([7]), "ResumeJobs", {"jobIds": [7]}, {"jobIds": []}, (), id="resume-jobs"
        ),
        pytest.param(
            lambda c: c.set_priority([7], Priority.HIGH),
            "SetPriority",
            {"jobIds": [7], "priority": "high"},
            {"jobIds": [7]},
            (7,),
            id="set-priority",
        ),
        pytest.param(
            lambda c: c.move_jobs([7, 8], before_job_id=3),
            "MoveJobs",
            {"jobIds": [7, 8], "beforeJobId": 3},
            {"jobIds": [7, 8]},
            (7, 8),
            id="move-jobs",
        ),
        pytest.param(
            lambda c: c.move_jobs([7]),
            "MoveJobs",
            {"jobIds": [7]},
            {"jobIds": [7]},
            (7,),
            id="move-to-the-end",
        ),
        pytest.param(
            lambda c: c.clear_jobs(states=[JobState.FAILED], ended_before_usec=5),
            "ClearJobs",
            {"states": ["failed"], "endedBeforeUsec": 5},
            {"count": 3},
            3,
            id="clear-jobs",
        ),
        pytest.param(
            lambda c: c.list_inhibitors(),
            "ListInhibitors",
            {},
            sent.listed(inhibitors=[sent.inhibitor()]),
            (sent.inhibitor(),),
            id="list-inhibitors",
        ),
        pytest.param(
            lambda c: c.get_statistics(from_usec=1, until_usec=2, group_by="hour"),
            "GetStatistics",
            {"fromUsec": 1, "untilUsec": 2, "groupBy": "hour"},
            sent.listed(statistics=[sent.statistic()]),
            (sent.statistic(),),
            id="get-statistics",
        ),
        pytest.param(
            lambda c: list(c.list_log_lines(item_id=70, minimum_level="info")),
            "ListLogLines",
            {"itemId": 70, "minimumLevel": "info", "limit": 100},
            sent.listed(lines=[sent.log_line()]),
            [sent.log_line()],
            id="list-log-lines",
        ),
    ],
)
def test_each_verb_is_one_call(
    path: Path,
    *,
    ask: Callable[[Client], object],
    method: str,
    parameters: dict[str, Any],
    reply: object,
    answer: object,
) -> None:
    calls = []

    def script(peer: Peer) -> None:
        calls.append(peer.call())
        peer.reply(reply)

    with ScriptedDaemon(path, [script]), Client(path) as client:
        answered = ask(client)

    assert answered == answer
    assert [(call["method"], call.get("parameters", {})) for call in calls] == [
        (f"{INTERFACE}.{method}", parameters)
    ]


def test_a_job_in_another_state_is_an_error_that_says_which(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.InvalidJobState", {"jobId": 7, "state": "running"})

    with (
        ScriptedDaemon(path, [script]),
        Client(path) as client,
        pytest.raises(InvalidJobState, match="while job 7 is running"),
    ):
        client.retry_jobs([7])


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda c: c.cancel_jobs([7]), id="cancel"),
        pytest.param(lambda c: c.retry_jobs([7]), id="retry"),
        pytest.param(lambda c: c.clear_jobs(), id="clear"),
    ],
)
def test_what_may_have_been_done_is_not_asked_for_twice(path: Path, ask: Callable[[Client], object]) -> None:
    def dying(peer: Peer) -> None:
        peer.call()
        peer.reply(QUEUE)
        peer.call()

    with ScriptedDaemon(path, [dying]), Client(path) as client:
        client.get_queue()
        with pytest.raises(ConnectionLost):
            ask(client)


def waiting(*jobs: Job, asked: list[dict[str, Any]], ended: bool = True) -> Script:
    def script(peer: Peer) -> None:
        call = peer.call()
        assert (call["method"], call["more"]) == (f"{INTERFACE}.WaitJob", True)
        asked.append(call["parameters"])
        for number, job in enumerate(jobs):
            peer.reply(of(job), continues=not ended or number + 1 < len(jobs))

    return script


def test_waiting_yields_a_job_upon_each_change_and_ends_with_it(path: Path) -> None:
    asked: list[dict[str, Any]] = []
    further = replace(sent.job(), revision=2)

    with (
        ScriptedDaemon(path, [waiting(sent.job(), sent.job(), further, DONE, asked=asked)]),
        Client(path) as client,
    ):
        seen = list(client.watch_job(7))

    assert seen == [sent.job(), further, DONE]
    assert asked == [{"jobId": 7}]


def test_waiting_goes_on_when_the_daemon_was_restarted(path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def stopping(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.Stopping", {})

    scripts = [
        waiting(sent.job(), asked=asked, ended=False),
        stopping,
        waiting(sent.job(), DONE, asked=asked),
    ]
    with ScriptedDaemon(path, scripts), Client(path) as client:
        seen = list(client.watch_job(7))

    assert seen == [sent.job(), DONE]


def test_waiting_returns_how_the_job_ended(path: Path) -> None:
    asked: list[dict[str, Any]] = []

    with (
        ScriptedDaemon(path, [waiting(sent.job(), DONE, asked=asked)]),
        Client(path) as client,
    ):
        ended = client.wait_job(7, timeout_usec=60_000_000)

    assert ended == DONE
    assert 0 < asked[0]["timeoutUsec"] <= 60_000_000


@pytest.mark.parametrize(
    ("given", "sent_usec"),
    [pytest.param(2**63 - 1, 2**63 - 1, id="largest"), pytest.param(-1, 0, id="negative")],
)
def test_a_time_to_wait_is_one_that_the_protocol_has(path: Path, given: int, sent_usec: int) -> None:
    asked: list[dict[str, Any]] = []

    with ScriptedDaemon(path, [waiting(DONE, asked=asked)]), Client(path) as client:
        client.wait_job(7, timeout_usec=given)

    assert asked[0]["timeoutUsec"] == sent_usec


def test_a_job_that_takes_too_long_is_not_waited_for(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.TimedOut", {})

    with ScriptedDaemon(path, [script]), Client(path) as client, pytest.raises(TimedOut):
        client.wait_job(7, timeout_usec=1)


def test_a_daemon_that_stays_away_is_not_waited_for_longer_than_the_job(path: Path) -> None:
    asked: list[dict[str, Any]] = []

    with (
        ScriptedDaemon(path, [waiting(sent.job(), asked=asked, ended=False)]),
        Client(path) as client,
        pytest.raises(TimedOut),
    ):
        client.wait_job(7, timeout_usec=100_000)


def test_a_daemon_that_was_never_there_is_not_waited_for(path: Path) -> None:
    with Client(path) as client, pytest.raises(DaemonUnreachable):
        client.wait_job(7)


def lines(*events: str, cursor: str | None = None) -> dict[str, Any]:
    return {**sent.listed(lines=[sent.log_line(event) for event in events]), "nextCursor": cursor}


def following(*pages: dict[str, Any], asked: list[object]) -> Script:
    def script(peer: Peer) -> None:
        call = peer.call()
        assert (call["more"], call["parameters"]["follow"]) == (True, True)
        asked.append(call["parameters"].get("cursor"))
        for page in pages:
            peer.reply(page, continues=True)

    return script


def test_a_log_that_is_followed_goes_on_where_it_was_cut_off(path: Path) -> None:
    asked: list[object] = []
    scripts = [
        following(lines("one", "two", cursor="2"), lines(cursor="2"), asked=asked),
        following(lines("three", cursor="3"), asked=asked),
    ]

    with ScriptedDaemon(path, scripts), Client(path) as client:
        log = client.list_log_lines(job_id=7, follow=True)
        events = [next(log).event for _ in range(3)]

    assert events == ["one", "two", "three"]
    assert asked == [None, "2"]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([lines("one", "two")], id="never-had-one"),
        pytest.param([lines("one", cursor="1"), lines("two")], id="has-lost-it"),
    ],
)
def test_a_log_without_a_place_to_go_on_ends_with_the_connection(
    path: Path, pages: list[dict[str, Any]]
) -> None:
    with ScriptedDaemon(path, [following(*pages, asked=[])]), Client(path) as client:
        log = client.list_log_lines(correlation_id="c1", follow=True)
        events = [next(log).event, next(log).event]
        with pytest.raises(ConnectionLost):
            next(log)

    assert events == ["one", "two"]


HELD = {"inhibitorId": 3}


def test_work_is_held_back_until_the_context_is_left(path: Path) -> None:
    calls = []

    def script(peer: Peer) -> None:
        calls.append(peer.call())
        peer.reply(HELD, continues=True)
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [script]), Client(path) as client:
        with client.inhibit(InhibitMode.ALL, who="kiosk", why="camera is read") as inhibition:
            held = inhibition.in_force()
        released = inhibition.in_force()

    assert (inhibition.inhibitor_id, held, released) == (3, True, False)
    assert calls == [
        {
            "method": f"{INTERFACE}.Inhibit",
            "parameters": {"mode": "all", "who": "kiosk", "why": "camera is read"},
            "more": True,
        }
    ]


def hold(client: Client) -> Inhibition:
    return client.inhibit(InhibitMode.START, who="kiosk", why="camera is read")


@pytest.mark.parametrize(
    ("more", "held"),
    [
        pytest.param(b'{"parameters":{"inhibitorId":3},"continues":true}\0', True, id="sign-of-life"),
        pytest.param(b'{"parameters":{"inhibitorId":3}}\0', False, id="last-reply"),
        pytest.param(b'{"error":"io.darkroomd.Darkroom.Stopping","parameters":{}}\0', False, id="error"),
        pytest.param(b"[]\0", False, id="another-protocol"),
    ],
)
def test_it_can_be_seen_whether_the_daemon_let_go(path: Path, more: bytes, held: bool) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.say(b'{"parameters":{"inhibitorId":3},"continues":true}\0' + more)
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [script]), Client(path) as client, hold(client) as inhibition:
        assert inhibition.in_force() is held


def test_it_can_be_seen_that_the_daemon_has_gone_away(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.reply(HELD, continues=True)

    with ScriptedDaemon(path, [script]), Client(path) as client:
        inhibition = hold(client)

    assert not inhibition.in_force()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(
            b'{"error":"io.darkroomd.Darkroom.LimitReached","parameters":{"limit":"inhibitors","maximum":8}}\0',
            LimitReached,
            id="too-many",
        ),
        pytest.param(b'{"parameters":{"inhibitorId":3}}\0', ConnectionLost, id="over-at-once"),
        pytest.param(b'{"parameters":{},"continues":true}\0', ProtocolViolation, id="no-number"),
        pytest.param(b"", ConnectionLost, id="hangs-up"),
    ],
)
def test_work_that_cannot_be_held_back_is_an_error(
    path: Path, reply: bytes, error: type[DarkroomError]
) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.say(reply)

    with ScriptedDaemon(path, [script]), Client(path) as client, pytest.raises(error):
        hold(client)
