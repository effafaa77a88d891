from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import Failure, File
from darkroomd.api import views
from darkroomd.core.gate import Pause
from darkroomd.core.model import Progress
from darkroomd.core.status import QueueCounts, QueueStatus


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("/a/b.NEF", File(path="/a/b.NEF", uri="file:///a/b.NEF"), id="plain"),
        pytest.param(
            "/a/ä #.NEF", File(path="/a/ä #.NEF", uri="file:///a/%C3%A4%20%23.NEF"), id="to-be-quoted"
        ),
        pytest.param("/a/\udcff.NEF", File(path="/a/\ufffd.NEF", uri="file:///a/%FF.NEF"), id="no-text"),
        pytest.param("/a/b\nc", File(path="/a/b\nc", uri="file:///a/b%0Ac"), id="line-break"),
    ],
)
def test_a_file_is_shown_readably_and_exactly(path: str, shown: File) -> None:
    assert views.file(Path(path)) == shown


@pytest.mark.parametrize(
    ("progress", "ended", "item_percent", "expected"),
    [
        pytest.param(Progress(total=3, completed=1), False, 0, 33, id="rounded-down"),
        pytest.param(Progress(total=3, completed=1, running=1), False, 50, 50, id="with-the-running-item"),
        pytest.param(Progress(total=3, completed=1), False, 50, 33, id="nothing-running"),
        pytest.param(Progress(total=1, completed=1), False, 0, 99, id="not-yet-ended"),
        pytest.param(Progress(total=2, completed=1, failed=1), True, 0, 100, id="ended"),
        pytest.param(Progress(total=4, canceled=4), True, 0, 100, id="canceled"),
        pytest.param(Progress(), False, 0, 0, id="nothing-to-do-but-not-ended"),
        pytest.param(Progress(), True, 0, 100, id="nothing-was-to-do"),
        pytest.param(Progress(total=1, running=1), False, 100, 99, id="item-all-but-over"),
    ],
)
def test_percent_reaches_a_hundred_only_at_the_end(
    progress: Progress, ended: bool, item_percent: int, expected: int
) -> None:
    assert views.percent(progress, ended=ended, item_percent=item_percent) == expected


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        pytest.param(1.5, "1.5", id="fraction"),
        pytest.param(2.0, 2, id="whole"),
        pytest.param(float("nan"), "nan", id="not-a-number"),
        pytest.param(10**30, "1" + "0" * 30, id="huge"),
        pytest.param(True, True, id="flag"),
        pytest.param(None, None, id="nothing"),
        pytest.param(Path("/a/\udcff"), "/a/\ufffd", id="path"),
        pytest.param([1, ("x", 2.5)], [1, ["x", "2.5"]], id="list"),
        pytest.param({"a": {"b\udcff": 1}}, {"a": {"b\ufffd": 1}}, id="object"),
    ],
)
def test_a_fact_is_shown_so_that_every_reader_can_take_it(fact: object, shown: object) -> None:
    failure = Failure(code="x", message="It failed.", transient=False, context={"fact": fact})

    seen = views.failure(failure)

    assert seen is not None
    assert seen.context == {"fact": shown}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_fact_can_be_sent(fact: Any) -> None:
    seen = views.failure(Failure(code="x", message="It failed.", transient=False, context={"fact": fact}))

    assert b"." not in msgspec.json.encode(seen).replace(b"It failed.", b"") or "." in repr(fact)


def test_a_pause_is_not_a_reason_beside_itself() -> None:
    status = QueueStatus(
        counts=QueueCounts(queued=1),
        progress=Progress(),
        wait_reasons=("queue.paused", "disk.full"),
        pause=Pause(reason="lunch", until_usec=5),
    )

    shown = views.queue(status)

    assert (shown.paused, shown.wait_reasons) == (True, ("disk.full",))
    assert (shown.paused_reason, shown.paused_until_usec) == ("lunch", 5)
