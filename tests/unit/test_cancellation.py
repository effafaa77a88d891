from __future__ import annotations

import pytest

from darkroom.protocol.types import Failure
from darkroomd.core.cancellation import SESSION_REMOVED, canceled, is_by_removal


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        pytest.param(canceled(SESSION_REMOVED), True, id="with-its-session"),
        pytest.param(canceled("Not this one"), False, id="by-a-person-who-says-why"),
        pytest.param(canceled(), False, id="by-a-person"),
        pytest.param(
            Failure(
                code="raw.truncated",
                message="It is cut off.",
                transient=False,
                context={"reason": SESSION_REMOVED},
            ),
            False,
            id="another-failure",
        ),
    ],
)
def test_only_what_was_canceled_with_its_session_is_wanted_again(failure: Failure, *, expected: bool) -> None:
    assert is_by_removal(failure) is expected
