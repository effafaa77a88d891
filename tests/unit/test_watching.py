from __future__ import annotations

import pytest

from darkroomd.core.model import Happening, JobId, SessionId
from darkroomd.core.watching import Concern, WatchFilter, concern_of

ABOUT = Concern("job.created", 7, "s1")


@pytest.mark.parametrize(
    ("chosen", "admitted"),
    [
        pytest.param(WatchFilter(), True, id="everything"),
        pytest.param(WatchFilter(kinds=frozenset({"job.created"})), True, id="kind"),
        pytest.param(WatchFilter(kinds=frozenset({"job.failed"})), False, id="other-kind"),
        pytest.param(WatchFilter(kinds=frozenset()), False, id="no-kind"),
        pytest.param(WatchFilter(job_ids=frozenset({6, 7})), True, id="job"),
        pytest.param(WatchFilter(job_ids=frozenset({6})), False, id="other-job"),
        pytest.param(WatchFilter(session_ids=frozenset({"s1"})), True, id="session"),
        pytest.param(WatchFilter(session_ids=frozenset({"s2"})), False, id="other-session"),
        pytest.param(
            WatchFilter(kinds=frozenset({"job.created"}), job_ids=frozenset({6})), False, id="one-of-two"
        ),
    ],
)
def test_every_condition_that_is_given_must_hold(chosen: WatchFilter, admitted: bool) -> None:
    assert chosen.admits(ABOUT) is admitted


def test_what_is_about_no_job_is_not_for_those_who_chose_one() -> None:
    concern = concern_of(Happening("queue.changed", 1))

    assert concern == Concern("queue.changed", None, None)
    assert not WatchFilter(job_ids=frozenset({7})).admits(concern)


def test_a_happening_says_by_id_what_it_is_about() -> None:
    happening = Happening("progress", 1, job_id=JobId(7), session_id=SessionId("s1"))

    assert concern_of(happening) == Concern("progress", 7, "s1")
