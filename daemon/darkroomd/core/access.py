"""Who may call what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ROOT_UID: Final = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a connection, by the word of the kernel; None: it does not say."""

    uid: int
    gid: int | None = None
    pid: int | None = None


def may_call(method: str, peer: Peer, *, owner_uid: int) -> bool:  # noqa: ARG001 - all methods alike so far
    """Tell whether `peer` may call `method` (qualified) of a daemon that runs as `owner_uid`."""
    return peer.uid in {owner_uid, ROOT_UID}
