from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.model import Progress, QueueCounts, QueueStatus
from darkroomd.core.wording import one_line, readable, status_line


def status(
    *,
    queued: int = 0,
    running: int = 0,
    failed: int = 0,
    reasons: tuple[str, ...] = (),
    raw: str | None = None,
    stage: str | None = None,
) -> QueueStatus:
    return QueueStatus(
        counts=QueueCounts(queued=queued, running=running, failed=failed),
        progress=Progress(),
        wait_reasons=reasons,
        current_raw=None if raw is None else Path("/photos/wedding/Raw") / raw,
        stage=stage,
    )


@pytest.mark.parametrize(
    ("now", "line"),
    [
        pytest.param(status(), "Everything is developed.", id="idle"),
        pytest.param(status(failed=2), "2 failed, everything else is developed.", id="failed"),
        pytest.param(status(queued=3), "3 waiting.", id="about-to-begin"),
        pytest.param(status(queued=3, failed=1), "3 waiting, 1 failed.", id="about-to-begin-with-failures"),
        pytest.param(
            status(queued=3, running=1, failed=1, raw="IMG_0012.NEF", stage="unpack"),
            "Developing IMG_0012.NEF (unpack), 3 waiting, 1 failed.",
            id="developing",
        ),
        pytest.param(status(running=1, raw="A.NEF"), "Developing A.NEF.", id="developing-the-last"),
        pytest.param(
            status(queued=2, reasons=("disk.full",)),
            "Waiting: no space left on the disk, 2 waiting.",
            id="no-space",
        ),
        pytest.param(
            status(reasons=("inhibited", "new.reason")),
            "Waiting: work is held back and new.reason.",
            id="two-reasons",
        ),
        pytest.param(
            status(running=1, raw="A\n\x1b[31m\udcff.NEF"),
            "Developing A\ufffd\ufffd[31m\ufffd.NEF.",
            id="odd-name",
        ),
    ],
)
def test_one_line_says_where_everything_stands(now: QueueStatus, line: str) -> None:
    assert status_line(now, any_photos=True) == line


def test_without_a_photo_there_is_nothing_to_do_yet() -> None:
    assert status_line(status(), any_photos=False) == "Nothing to do yet."


@given(st.text(st.characters(categories=None)))
def test_a_name_in_a_line_is_short_printable_text(name: str) -> None:
    shown = one_line(name)

    assert shown.isprintable()
    assert len(shown) <= 80
    assert shown == shown.encode().decode()


def test_bytes_that_are_no_text_are_shown_as_unreadable() -> None:
    assert readable(Path("/a/\udcff\udcfe\n")) == "/a/\ufffd\ufffd\n"
