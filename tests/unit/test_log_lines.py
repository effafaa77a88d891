"""What becomes of events on their way to a line: levels, parts, repetitions, length."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import anyio
import anyio.to_thread
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.logs.components import COMPONENTS, component_of
from darkroomd.logs.levels import Levels
from darkroomd.logs.lines import LONGEST_LINE_BYTES, LogFormat, renderer
from darkroomd.logs.repetition import MOST_FAULTS, ROUND_SECONDS, Repetitions, fault_in
from darkroomd.logs.setup import Log, _Part
from darkroomd.logs.sink import LogSink


class Written(LogSink):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__(2, tell_loss=str)
        self.lines: list[dict[str, Any]] = []

    def write(self, line: str) -> None:
        self.lines.append(json.loads(line))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A log, what it wrote, and what it told its tap."""

    def __init__(self, levels: Levels | None = None) -> None:
        self.sink = Written()
        self.clock = Clock()
        self.kept: list[str] = []
        render = renderer(LogFormat.JSON)
        self.log = Log(self.sink, render, levels or Levels(), tap=self._keep, monotonic=self.clock)

    def say(self, level: str, event: str, *, component: str = "daemon", **fields: object) -> None:
        part = _Part(component, self.sink)
        try:
            part.msg(self.log.process(part, level, {"event": event, **fields}))
        except structlog.DropEvent:
            return

    def events(self, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(line.get(name) for name in ("event", *names)) for line in self.sink.lines]

    def _keep(self, _logger: object, _level: str, event: Any) -> Any:
        self.kept.append(event["event"])
        return event


@pytest.mark.parametrize(
    ("component", "level", "written"),
    [
        pytest.param("api", "info", False, id="below-the-general-level"),
        pytest.param("api", "warning", True, id="at-the-general-level"),
        pytest.param("intake", "debug", True, id="part-that-says-more"),
        pytest.param("queue", "warning", False, id="part-that-says-less"),
        pytest.param("queue", "error", True, id="part-that-says-its-errors"),
    ],
)
def test_each_part_has_a_level(component: str, level: str, written: bool) -> None:
    scene = Scene(Levels("warning", {"intake": "debug", "queue": "error"}))

    scene.say(level, "told", component=component)

    assert scene.events("component") == [("told", component)] * written


def test_levels_can_be_set_anew_at_any_time() -> None:
    scene = Scene()

    scene.say("debug", "before")
    scene.log.set_levels(Levels("debug"))
    scene.say("debug", "after")

    assert scene.events() == [("after",)]


def test_what_photos_are_told_of_later_is_kept_however_little_is_written() -> None:
    scene = Scene(Levels("error"))

    scene.say("info", "item_developed", correlation_id="c")
    scene.say("debug", "file_ignored")

    assert (scene.events(), scene.kept) == ([], ["item_developed"])


@pytest.mark.parametrize(
    ("module", "component"),
    [
        pytest.param("darkroomd.services.session_intake", "intake", id="service"),
        pytest.param("darkroomd.api.handlers.queue", "api", id="package"),
        pytest.param("darkroomd.imaging.__main__", "worker", id="worker-process"),
        pytest.param("darkroomd.app", "daemon", id="daemon"),
        pytest.param("darkroomd.services.housekeeping", "daemon", id="anything-else"),
        pytest.param("", "daemon", id="nothing"),
    ],
)
def test_a_module_belongs_to_a_part(module: str, component: str) -> None:
    assert component_of(module) == component
    assert component in COMPONENTS


def test_a_fault_that_repeats_is_told_once_and_then_counted() -> None:
    scene = Scene()
    fault = {"code": "state.unwritable", "message": "The disk is full."}

    for _ in range(5):
        scene.say("warning", "history_not_tidied", component="queue", **fault)
        scene.clock.now += 1
    scene.clock.now += ROUND_SECONDS
    scene.log.tidy()

    assert scene.events("repeated", "over_seconds", "code", "component") == [
        ("history_not_tidied", None, None, "state.unwritable", "queue"),
        ("history_not_tidied", 4, 5 + ROUND_SECONDS, "state.unwritable", "queue"),
    ]


def test_a_fault_that_goes_on_is_counted_each_minute() -> None:
    scene = Scene()

    for _ in range(181):
        scene.say("error", "session_waits", session="s", reason="disk.full")
        scene.clock.now += 1

    assert scene.events("repeated") == [
        ("session_waits", None),
        *[("session_waits", 59)],
        *[("session_waits", 60)] * 2,
    ]


@pytest.mark.anyio
async def test_threads_can_log_the_same_faults_at_the_same_time() -> None:
    scene, threads, faults = Scene(), 4, 1500
    switch_seconds = sys.getswitchinterval()

    def say() -> None:
        for number in range(faults):
            scene.clock.now += ROUND_SECONDS / 10
            scene.say("warning", "disk_failed", problem=f"{number % 7}")

    sys.setswitchinterval(1e-6)
    try:
        async with anyio.create_task_group() as group:
            for _ in range(threads):
                group.start_soon(anyio.to_thread.run_sync, say)
    finally:
        sys.setswitchinterval(switch_seconds)
    scene.log.tidy(all_of_it=True)

    told = [1 if line.get("repeated") is None else line["repeated"] for line in scene.sink.lines]
    assert sum(told) == threads * faults


def test_a_fault_that_ended_is_told_like_a_new_one_when_it_comes_back() -> None:
    scene = Scene()

    scene.say("warning", "watch_failed", problem="no watches")
    scene.clock.now += ROUND_SECONDS + 1
    scene.say("warning", "watch_failed", problem="no watches")

    assert scene.events("repeated") == [("watch_failed", None)] * 2


def test_what_was_counted_is_told_at_the_end() -> None:
    scene = Scene()

    scene.say("warning", "watch_failed")
    scene.say("warning", "watch_failed")
    scene.log.tidy(all_of_it=True)

    assert scene.events("repeated") == [("watch_failed", None), ("watch_failed", 1)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"session": "t"}, id="another-session"),
        pytest.param({"folder": "/b"}, id="another-folder"),
        pytest.param({"code": "disk.full"}, id="another-code"),
        pytest.param({"raw": "x" * 300 + "/B.NEF"}, id="another-photo-far-down"),
        pytest.param({"correlation_id": "c"}, id="a-photos-own-story"),
        pytest.param({"level": "info"}, id="no-fault"),
    ],
)
def test_another_fault_is_told(other: dict[str, str]) -> None:
    scene = Scene()
    fault = {"session": "s", "folder": "/a", "code": "disk.io", "raw": "x" * 300 + "/A.NEF", "seconds": 1}
    level = other.pop("level", "warning")

    scene.say(level, "session_waits", **fault)
    scene.say(level, "session_waits", **{**fault, "seconds": 2})
    scene.say(level, "session_waits", **{**fault, **other, "seconds": 3})

    assert scene.sink.lines[-1]["seconds"] == 3


def test_peers_that_do_not_speak_the_protocol_cannot_fill_the_log() -> None:
    scene = Scene()

    for number in range(1000):
        scene.say("info", "connection_malformed", uid=7, pid=number, problem=f"words of theirs {number}")
    scene.say("info", "connection_malformed", uid=8, pid=1, problem="words")

    assert scene.events("uid") == [("connection_malformed", 7), ("connection_malformed", 8)]


def test_different_bugs_are_different_faults() -> None:
    event = {"event": "call_failed", "level": "error"}

    assert fault_in(event, bug=KeyError("a")) != fault_in(event, bug=KeyError("b"))


@given(moments=st.lists(st.floats(0, 200), max_size=60), faults=st.integers(1, 3))
def test_every_repetition_is_told_or_counted(moments: Iterable[float], faults: int) -> None:
    repetitions = Repetitions()
    told = counted = asked = 0

    for number, now in enumerate(sorted(moments)):
        counted += sum(count.repeated for count in repetitions.take_due(now=now))
        told += repetitions.is_first(number % faults, {}, now=now)
        asked += 1
    counted += sum(count.repeated for count in repetitions.take_due(now=300.0, all_of_them=True))

    assert told + counted == asked


def test_the_number_of_faults_that_are_counted_is_bounded() -> None:
    repetitions = Repetitions()

    for number in range(3 * MOST_FAULTS):
        repetitions.is_first(number, {"number": number}, now=0.0)
        repetitions.is_first(number, {"number": number}, now=0.0)
    given_up = repetitions.take_due(now=0.0)

    assert len(given_up) == 2 * MOST_FAULTS
    assert len(repetitions.take_due(now=0.0, all_of_them=True)) == MOST_FAULTS


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"message": "x" * 10**6}, id="one-long-value"),
        pytest.param({"context": {str(number): "y" * 50 for number in range(5000)}}, id="many-in-one"),
        pytest.param({"path": "\udcff" * 4000, "message": "\x01" * 20_000}, id="escaped"),
        pytest.param({f"field{number}": "z" * 900 for number in range(500)}, id="many-of-middling-length"),
    ],
)
def test_no_line_is_longer_than_the_journal_takes_and_each_is_json(fields: dict[str, Any]) -> None:
    line = renderer(LogFormat.JSON)({"event": "told", "level": "info", "code": "c", **fields})

    assert len(line.encode("utf-8", "backslashreplace")) <= LONGEST_LINE_BYTES
    assert json.loads(line)["code"] == "c"
    assert json.loads(line)["shortened"]


def test_of_a_line_that_is_too_long_only_the_longest_value_is_cut() -> None:
    path = "/" + "p" * 4000

    line = renderer(LogFormat.JSON)({"event": "told", "level": "info", "raw": path, "message": "m" * 10**5})

    assert json.loads(line)["raw"] == path
    assert json.loads(line)["shortened"] == ["message"]


@given(st.text())
def test_a_line_holds_no_character_that_the_journal_or_a_terminal_takes_amiss(name: str) -> None:
    line = renderer(LogFormat.JSON)({"event": "told", "level": "info", "raw": name})

    assert json.loads(line)["raw"] == name
    assert not {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} & set(line)


def test_a_name_gives_no_orders_to_a_terminal() -> None:
    line = renderer(LogFormat.CONSOLE)({"event": "told", "level": "info", "raw": "\x1b[2J\n<3>forged"})

    assert "\x1b" not in line
    assert "\n" not in line


def test_every_line_of_a_traceback_has_its_priority() -> None:
    render = renderer(LogFormat.CONSOLE, prefixed=True)

    try:
        int("\x1b")
    except ValueError:
        text = render({"event": "told", "level": "error", "exc_info": True})

    assert {line[:3] for line in text.splitlines()} == {"<3>"}
