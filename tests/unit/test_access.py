from __future__ import annotations

import pytest

from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroomd.core.access import Peer, may_call

OWNER = 1000


@pytest.mark.parametrize("method", ["org.varlink.service.GetInfo", "io.darkroomd.Darkroom.GetSummary", "a.B"])
@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        pytest.param(Peer(uid=OWNER, gid=1000, pid=7), True, id="owner"),
        pytest.param(Peer(uid=0, gid=0, pid=7), True, id="root"),
        pytest.param(Peer(uid=OWNER), True, id="owner-of-whom-no-more-is-known"),
        pytest.param(Peer(uid=1001, gid=1000), False, id="other-of-the-same-group"),
        pytest.param(Peer(uid=1001, gid=0), False, id="other-of-the-group-root"),
        pytest.param(Peer(uid=65534), False, id="nobody"),
        pytest.param(Peer(uid=-1), False, id="no-user"),
    ],
)
def test_the_owner_and_root_may_do_everything_and_others_nothing(
    method: str, peer: Peer, allowed: bool
) -> None:
    assert may_call(method, peer, owner_uid=OWNER) is allowed


def test_a_daemon_of_root_lets_in_root_alone() -> None:
    decisions = {
        may_call(method, Peer(uid=uid), owner_uid=0) for method in QUALIFIED_METHODS for uid in (1, 1000)
    }

    assert decisions == {False}
