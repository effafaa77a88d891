"""Who may call what: the daemon's user, root, the members of one group, and whoever made a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from pathlib import Path, PurePath
from typing import Final

from darkroom.errors import DARKROOM_INTERFACE, METRICS_INTERFACE, SERVICE_INTERFACE

ROOT_UID: Final = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a connection, by the word of the kernel.

    Attributes:
        gid: its group; None: the kernel does not say.
        pid: None: the kernel does not say.
        groups: further groups of it, as far as the kernel says.
    """

    uid: int
    gid: int | None = None
    pid: int | None = None
    groups: frozenset[int] = frozenset()

    def is_in(self, group: int) -> bool:
        """Tell whether it is a member of a group."""
        return group == self.gid or group in self.groups


class Role(StrEnum):
    """What the members of the socket's group may do."""

    READER = "reader"
    OPERATOR = "operator"


class Need(Enum):
    """What somebody must be to call a method."""

    READER = auto()
    OPERATOR = auto()
    CREATOR = auto()
    """An operator, or whoever made the jobs that are named."""
    OWNER = auto()


class Grant(Enum):
    """How far a caller may go with a method."""

    NOTHING = auto()
    OWN_JOBS = auto()
    """With jobs of its own making."""
    OPEN_PATHS = auto()
    """With any job; paths it names must lie where others may name paths."""
    EVERYTHING = auto()


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who is who.

    Attributes:
        owner_uid: the user that the daemon runs as.
        group: its members are let in; None: nobody but the owner and root is.
        group_role: what they may do.
        allowed_roots: absolute; everyone but the owner and root can name paths only in these folders.
    """

    owner_uid: int
    group: int | None = None
    group_role: Role = Role.READER
    allowed_roots: tuple[Path, ...] = ()

    def is_owner(self, uid: int) -> bool:
        """Tell whether a user may do everything."""
        return uid in {self.owner_uid, ROOT_UID}

    def role_of(self, peer: Peer) -> Role | None:
        """Return what a member of the group may do; None for everyone else."""
        return self.group_role if self.group is not None and peer.is_in(self.group) else None


_DARKROOM_NEEDS: Final[Mapping[str, Need]] = {
    "GetSummary": Need.READER,
    "GetHealth": Need.READER,
    # The configuration is the owner's: half of an edit is not to be put in force by somebody else.
    "Reload": Need.OWNER,
    "GetStatistics": Need.READER,
    "ListLogLines": Need.READER,
    "Watch": Need.READER,
    "Inhibit": Need.OPERATOR,
    "ListInhibitors": Need.READER,
    "GetQueue": Need.READER,
    "PauseQueue": Need.OPERATOR,
    "ResumeQueue": Need.OPERATOR,
    "StartExport": Need.OPERATOR,
    "StartArchive": Need.OPERATOR,
    "RescanSession": Need.OPERATOR,
    "GetJob": Need.READER,
    "ListJobs": Need.READER,
    "ListItems": Need.READER,
    "GetItem": Need.READER,
    "WaitJob": Need.READER,
    "CancelJobs": Need.CREATOR,
    "RetryJobs": Need.OPERATOR,
    "PauseJobs": Need.OPERATOR,
    "ResumeJobs": Need.OPERATOR,
    "SetPriority": Need.OPERATOR,
    "MoveJobs": Need.OPERATOR,
    "ClearJobs": Need.OPERATOR,
    "AddSession": Need.OPERATOR,
    "RemoveSession": Need.OPERATOR,
    "ListSessions": Need.READER,
    "GetSession": Need.READER,
    "SetSessionPreset": Need.OPERATOR,
    "AddRoot": Need.OPERATOR,
    "RemoveRoot": Need.OPERATOR,
    "ListRoots": Need.READER,
    "ListPhotos": Need.READER,
    "GetPhoto": Need.READER,
    "SetDiscarded": Need.OPERATOR,
    "SetCaptureTime": Need.OPERATOR,
    "ApplyPreset": Need.OPERATOR,
    "ListPresets": Need.READER,
    "OpenOutput": Need.READER,
}

NEEDS: Final[Mapping[str, Need]] = {
    f"{SERVICE_INTERFACE}.GetInfo": Need.READER,
    f"{SERVICE_INTERFACE}.GetInterfaceDescription": Need.READER,
    f"{METRICS_INTERFACE}.GetMetrics": Need.READER,
    **{f"{DARKROOM_INTERFACE}.{name}": need for name, need in _DARKROOM_NEEDS.items()},
}
"""What somebody must be, by qualified method; a method that is missing here is the owner's alone."""


def grant_of(method: str, peer: Peer, policy: AccessPolicy) -> Grant:
    """Return how far `peer` may go with `method` (qualified)."""
    if policy.is_owner(peer.uid):
        return Grant.EVERYTHING
    need = NEEDS.get(method, Need.OWNER)
    match need, policy.role_of(peer):
        case ((Need.READER | Need.OPERATOR | Need.CREATOR), Role.OPERATOR):
            return Grant.OPEN_PATHS
        case Need.READER, Role.READER:
            return Grant.OPEN_PATHS
        case Need.CREATOR, _:
            return Grant.OWN_JOBS
        case _:
            return Grant.NOTHING


def made_all(uid: int, creators: Collection[int | None]) -> bool:
    """Tell whether a user made all jobs, of which there is at least one, by the creator of each."""
    return bool(creators) and all(creator == uid for creator in creators)


def lies_in(path: PurePath, folders: Collection[PurePath]) -> bool:
    """Tell whether a real path is one of these real folders or lies below one."""
    return any(path.is_relative_to(folder) for folder in folders)
