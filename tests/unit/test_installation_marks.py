"""A service file says who wrote it, and whether it is still as it was written."""

from __future__ import annotations

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.installation.marks import Origin, marked, origin_of

UNIT = b"[Unit]\nDescription=Develop\n"
JOB = plistlib.dumps({"Label": "io.darkroomd.agent"})


@given(st.binary())
def test_a_file_that_was_written_is_known_again(content: bytes) -> None:
    assert origin_of(marked(content + b"\n")) is Origin.OURS


@given(st.binary())
def test_what_is_in_the_file_is_all_there_behind_the_mark(content: bytes) -> None:
    assert marked(b"#" + content).split(b"\n", 1)[1] == b"#" + content


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(marked(UNIT) + b"Nice=19\n", id="line-added"),
        pytest.param(marked(UNIT)[:-1], id="end-cut-off"),
        pytest.param(b"# mine now\n" + marked(UNIT), id="line-before"),
        pytest.param(marked(UNIT).replace(b"\n", b"\r\n"), id="other-line-ends"),
        pytest.param(marked(JOB).replace(b"agent", b"other"), id="property-list"),
    ],
)
def test_a_file_that_was_changed_is_not_taken_for_ours(edited: bytes) -> None:
    assert origin_of(edited) is not Origin.OURS


@pytest.mark.parametrize(
    "content",
    [pytest.param(UNIT, id="unit"), pytest.param(b"", id="empty"), pytest.param(b"/dev/null", id="mask")],
)
def test_a_file_without_a_mark_is_somebody_elses(content: bytes) -> None:
    assert origin_of(content) is Origin.FOREIGN


def test_a_property_list_stays_one() -> None:
    job = marked(JOB)

    assert plistlib.loads(job) == {"Label": "io.darkroomd.agent"}
    assert job.startswith(b"<?xml")
    assert origin_of(job) is Origin.OURS
