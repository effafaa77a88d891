"""Asks the kernel who is at the other end of a socket."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import Final

from darkroomd.core.access import Peer

_LINUX_CREDENTIALS: Final = struct.Struct("iII")
"""`struct ucred`: pid, uid, gid."""

_LINUX_GROUPS_OPTION: Final = 59
"""`SO_PEERGROUPS`, which the socket module does not know."""
_GROUP_BYTES: Final = 4
_MOST_GROUPS: Final = 1024 // _GROUP_BYTES
"""As many as Python lets an option have; who is in more is taken to be in no further one."""

_DARWIN_LEVEL: Final = 0
_DARWIN_CREDENTIALS_OPTION: Final = 1
_DARWIN_CREDENTIALS: Final = struct.Struct("=IIhxx16I")
"""`struct xucred`: version, uid, number of groups, groups (the first is the effective one)."""

NOBODY: Final = 0xFFFFFFFF
"""What stands for a user that has no number here."""


class PeerUnknown(Exception):
    """The kernel does not say who it is: nobody may be let in on a guess."""


def peer_of(connection: socket.socket) -> Peer:
    """Return who opened the connection.

    Raises:
        PeerUnknown: the kernel does not say.
    """
    try:
        peer = _darwin_peer(connection) if sys.platform == "darwin" else _linux_peer(connection)
    except (OSError, struct.error) as error:
        raise PeerUnknown(str(error)) from error
    if peer.uid == NOBODY:
        raise PeerUnknown("the user has no number here")
    return peer


def _linux_peer(connection: socket.socket) -> Peer:
    # SO_PEERCRED is missing from the socket module of other systems; there, it is an OSError.
    option: int = getattr(socket, "SO_PEERCRED", -1)
    raw = connection.getsockopt(socket.SOL_SOCKET, option, _LINUX_CREDENTIALS.size)
    pid, uid, gid = _LINUX_CREDENTIALS.unpack(raw)
    # A process of another pid namespace is called 0.
    groups: frozenset[int] = frozenset()
    with suppress(OSError):
        # A kernel that does not say leaves the peer with fewer rights, not with more.
        listed = connection.getsockopt(socket.SOL_SOCKET, _LINUX_GROUPS_OPTION, _MOST_GROUPS * _GROUP_BYTES)
        groups = frozenset(struct.unpack(f"{len(listed) // _GROUP_BYTES}I", listed))
    return Peer(uid=uid, gid=gid, pid=pid or None, groups=groups)


def _darwin_peer(connection: socket.socket) -> Peer:
    raw = connection.getsockopt(_DARWIN_LEVEL, _DARWIN_CREDENTIALS_OPTION, _DARWIN_CREDENTIALS.size)
    version, uid, count, *groups = _DARWIN_CREDENTIALS.unpack(raw)
    if version != 0:
        raise PeerUnknown(f"credentials of version {version}")
    known = groups[: max(0, count)]
    return Peer(uid=uid, gid=known[0] if known else None, groups=frozenset(known))
