from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroomd.app import _first
from darkroomd.core.faults import StateTooNew

REFUSAL = StateTooNew(Path("/queue.db"), found=8, known=1)


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(BaseExceptionGroup("start", [REFUSAL]), id="of-one-task"),
        pytest.param(
            BaseExceptionGroup("start", [BaseExceptionGroup("", [BaseExceptionGroup("", [REFUSAL])])]),
            id="of-groups-inside-of-groups",
        ),
        pytest.param(
            BaseExceptionGroup("start", [REFUSAL, StateTooNew(Path("/queue.db"), found=9, known=1)]),
            id="the-first-of-several",
        ),
    ],
)
def test_the_refusal_of_a_start_is_told_as_itself(group: BaseExceptionGroup[DarkroomError]) -> None:
    assert _first(group) is REFUSAL
