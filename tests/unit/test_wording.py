from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import InhibitMode
from darkroomd.core.gate import Holder, Pause
from darkroomd.core.model import Progress
from darkroomd.core.status import QueueCounts, QueueStatus
from darkroomd.core.wording import one_line, readable, status_line

KIOSK = Holder(1, InhibitMode.START, "kiosk", "The camera is read out.", 1000, 7, 0)


def status(
    *,
    queued: int = 0,
    running: int = 0,
    failed: int = 0,
    canceled: int = 0,
    pending: int = 0,
    aged: int = 0,
    photos: int = 20,
    reasons: tuple[str, ...] = (),
    raw: str | None = None,
    stage: str | None = None,
    pause: Pause | None = None,
    holders: tuple[Holder, ...] = (),
    remaining_usec: int | None = None,
) -> QueueStatus:
    return QueueStatus(
        counts=QueueCounts(
            queued=queued,
            running=running,
            failed=failed,
            canceled=canceled,
            pending=pending,
            aged=aged,
            photos=photos,
        ),
        progress=Progress(remaining_usec=remaining_usec),
        wait_reasons=reasons,
        current_raw=None if raw is None else Path("/photos/wedding/Raw") / raw,
        stage=stage,
        pause=pause,
        holders=holders,
    )


@pytest.mark.parametrize(
    ("now", "line"),
    [
        pytest.param(status(), "Everything is developed.", id="idle"),
        pytest.param(status(failed=2), "2 failed, everything else is developed.", id="failed"),
        pytest.param(status(canceled=9), "9 canceled, everything else is developed.", id="canceled"),
        pytest.param(
            status(failed=2, canceled=9),
            "2 failed, 9 canceled, everything else is developed.",
            id="failed-and-canceled",
        ),
        pytest.param(
            status(aged=7),
            "7 outdated, everything else is developed; darkroom export SESSION develops what is outdated.",
            id="by-an-older-pipeline",
        ),
        pytest.param(
            status(failed=2, pending=1),
            "2 failed, 1 outdated, everything else is developed; darkroom export SESSION develops what is "
            "outdated.",
            id="nothing-queued-for-them",
        ),
        pytest.param(status(queued=3, pending=3, aged=1), "3 waiting.", id="about-to-begin"),
        pytest.param(
            status(queued=3, canceled=9), "3 waiting, 9 canceled.", id="about-to-begin-beside-canceled"
        ),
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
            status(queued=1, reasons=("system.too_many_files",)),
            "Waiting: too many files are open, 1 waiting.",
            id="too-many-files",
        ),
        pytest.param(
            status(reasons=("sidecar.not_written", "disk.error", "system.out_of_memory")),
            "Waiting: settings cannot be written beside the photos and the disk refuses and the system is out"
            " of memory.",
            id="photos-that-cannot-be-taken-in",
        ),
        pytest.param(
            status(queued=1, reasons=("queue.paused",), pause=Pause(reason="Lunch\n.")),
            "Waiting: the queue is paused (Lunch\ufffd), 1 waiting.",
            id="paused-for-a-reason",
        ),
        pytest.param(
            status(reasons=("queue.paused",), pause=Pause()),
            "Waiting: the queue is paused.",
            id="paused-for-none",
        ),
        pytest.param(
            status(reasons=("inhibited",), holders=(KIOSK,)),
            "Waiting: kiosk holds work back (The camera is read out).",
            id="held-back",
        ),
        pytest.param(
            status(queued=1, running=1, raw="A.NEF", remaining_usec=61_000_000),
            "Developing A.NEF, 1 waiting, about 2 minutes left.",
            id="minutes-left",
        ),
        pytest.param(
            status(running=1, raw="A.NEF", remaining_usec=1),
            "Developing A.NEF, less than a minute left.",
            id="nearly-over",
        ),
        pytest.param(
            status(running=1, raw="A.NEF", remaining_usec=3 * 3_600_000_000),
            "Developing A.NEF, about 3 hours left.",
            id="hours-left",
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
    assert status_line(now) == line


def test_without_a_photo_there_is_nothing_to_do_yet() -> None:
    assert status_line(status(photos=0)) == "Nothing to do yet."


@given(st.text(st.characters(categories=None)))
def test_a_name_in_a_line_is_short_printable_text(name: str) -> None:
    shown = one_line(name)

    assert shown.isprintable()
    assert len(shown) <= 80
    assert shown == shown.encode().decode()


def test_bytes_that_are_no_text_are_shown_as_unreadable() -> None:
    assert readable(Path("/a/\udcff\udcfe\n")) == "/a/\ufffd\ufffd\n"
