"""Opens the socket people and programs call at, and leaves nothing of it behind."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from darkroom.errors import DarkroomError, SocketPathTooLong
from darkroomd.api.duplex import close
from darkroomd.system.lock import LockHeld, exclusive_lock

PATH_LIMIT_BYTES: Final = (104 if sys.platform == "darwin" else 108) - 1
"""The room `sun_path` has for a path, beside its final NUL."""

BACKLOG: Final = 128
"""How many connections the kernel keeps waiting to be accepted."""

FOLDER_MODE: Final = 0o700
GROUP_FOLDER_MODE: Final = 0o710
"""Of a folder that we make: the group passes through it to the socket, and sees nothing else."""
SOCKET_MASK: Final = 0o177
SOCKET_MODE: Final = 0o600
GROUP_SOCKET_MODE: Final = 0o660

log = structlog.get_logger()


class SocketInUse(DarkroomError):
    """Another daemon answers at the socket."""

    code = "socket.in_use"

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"Another process ({holder}) already listens at {path}. Stop it first, "
            "or give this one another socket with --socket.",
            path=str(path),
            holder=holder,
        )


class SocketPathTaken(DarkroomError):
    """Something that is no socket of ours lies at the path; it is left alone."""

    code = "socket.path_taken"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is something at {path} that is not a socket. Move it away, "
            "or give another socket with --socket.",
            path=str(path),
        )


class SocketGroupRefused(DarkroomError):
    """The system does not let us give the socket to the configured group."""

    code = "socket.group_refused"
    exit_status = 2

    def __init__(self, path: Path, group: int, problem: str) -> None:
        super().__init__(
            f"The socket {path} cannot be given to the group {group}: {problem}. Make the user that "
            "darkroomd runs as a member of that group, or set another socket.group in the configuration.",
            path=str(path),
            group=group,
            problem=problem,
        )


class SocketUnusable(DarkroomError):
    """The system does not let us have a socket there."""

    code = "socket.unusable"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"There can be no socket at {path}: {problem}. Give another one with --socket, or see to its "
            f"folder {path.parent}, in which darkroomd has to be able to make files.",
            path=str(path),
            problem=problem,
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """What we made: the socket's file, as it was then, and perhaps its folder."""

    file: os.stat_result
    folder: Path | None


class Listener:
    """An open socket that connections are taken from.

    Attributes:
        path: of its file.
        socket: listens, and does not block.
    """

    def __init__(
        self, path: Path, listening: socket.socket, *, group: int | None = None, place: _Place | None = None
    ) -> None:
        self.path: Final = path
        self.socket: Final = listening
        self._group = group
        self._place = place

    def check_group(self, group: int | None) -> None:
        """Raise `SocketGroupRefused` where the socket could not be given to this group."""
        may_give = os.geteuid() == 0 or group in {os.getegid(), *os.getgroups()}
        if self._place is not None and group not in {None, self._group} and not may_give:
            raise SocketGroupRefused(self.path, group or 0, os.strerror(errno.EPERM))

    def let_in(self, group: int | None) -> None:
        """Have the members of this group connect from now on, in place of those of another.

        Whoever is connected stays so. What the system refuses is in the log, and then nobody but this user
        and root can connect.
        """
        place, changes = self._place, group != self._group
        self._group = group
        if place is None or not changes:
            return
        try:
            if not _is_same(self.path, place.file):
                log.warning("socket_group_not_changed", path=str(self.path), problem="it is another file now")
                return
            # First nobody: at no moment can those connect who are let in no more, or whom no group lets in.
            self.path.chmod(SOCKET_MODE)
            if place.folder is not None:
                _open_folder(place.folder, group)
            if group is not None:
                _give(self.path, group, GROUP_SOCKET_MODE)
        except (OSError, SocketGroupRefused) as error:
            log.error("socket_group_not_changed", path=str(self.path), problem=str(error))  # noqa: TRY400 - the system's word says all
        else:
            log.info("socket_group_changed", path=str(self.path), group=group)


@asynccontextmanager
async def open_listener(
    path: Path, *, group: int | None = None, inherited: socket.socket | None = None
) -> AsyncGenerator[Listener, None]:
    """Listen at `path` (absolute) for as long as the context lasts; only the lock beside it stays.

    The members of `group` can connect, else nobody but this user and root can. Where a socket is `inherited`,
    its callers are served, wherever it is and whoever its modes let in; it is closed, and its file stays.

    Raises:
        SocketPathTooLong, SocketInUse, SocketPathTaken, SocketUnusable, SocketGroupRefused: nothing was
            changed.
    """
    if inherited is not None:
        try:
            yield Listener(Path(inherited.getsockname()), inherited)
        finally:
            # Calls that come from now on are kept by the service manager, for the next daemon.
            close(inherited)
        return
    with _bound(path, group) as listener:
        try:
            yield listener
        finally:
            close(listener.socket)


def check_socket_path(path: Path) -> None:
    """Refuse a path that can never become our socket; nothing is touched.

    Raises:
        SocketPathTooLong, SocketPathTaken: see there.
    """
    length = len(os.fsencode(path))
    if length > PATH_LIMIT_BYTES:
        raise SocketPathTooLong(str(path), length=length, limit=PATH_LIMIT_BYTES)
    try:
        found = path.lstat()
    except OSError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketPathTaken(path)


@contextmanager
def _bound(path: Path, group: int | None) -> Generator[Listener, None, None]:
    check_socket_path(path)
    with ExitStack() as held:
        try:
            folder = _make_folder(path.parent, group)
            held.enter_context(exclusive_lock(path.with_name(f"{path.name}.lock")))
            _clear_stale(path)
            bound, file = held.enter_context(_bind(path, group))
        except LockHeld as lock:
            raise SocketInUse(path, lock.holder) from lock
        except OSError as error:
            raise SocketUnusable(path, os.strerror(error.errno or 0)) from error
        yield Listener(path, bound, group=group, place=_Place(file, folder))


def _make_folder(folder: Path, group: int | None) -> Path | None:
    """Make the folder of the socket and return it; None: one was there, and stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        if folder.is_dir():
            return None
        # The system's word, that it exists, would leave people wondering.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    if group is not None:
        _open_folder(folder, group)
    return folder


def _open_folder(folder: Path, group: int | None) -> None:
    """Let a group, or nobody else, through a folder that we made."""
    if group is None:
        folder.chmod(FOLDER_MODE)
    else:
        _give(folder, group, GROUP_FOLDER_MODE)


def _give(path: Path, group: int, mode: int) -> None:
    """Let a group in, which is so before the mode says what it may do."""
    try:
        os.chown(path, -1, group, follow_symlinks=False)
    except OSError as error:
        raise SocketGroupRefused(path, group, os.strerror(error.errno or 0)) from error
    path.chmod(mode)


def _clear_stale(path: Path) -> None:
    """Remove the socket of a daemon that was killed. The lock must be held: it proves that none is alive."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketPathTaken(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A peer whose backlog is full would keep us waiting.
        probe.setblocking(False)
        refusal = probe.connect_ex(os.fsencode(path))
    if refusal == errno.EPROTOTYPE:
        raise SocketPathTaken(path)
    if refusal != errno.ECONNREFUSED:
        raise SocketInUse(path, "not a darkroomd of this place")
    path.unlink()


@contextmanager
def _bind(path: Path, group: int | None) -> Generator[tuple[socket.socket, os.stat_result], None, None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        # A mode set afterwards would leave a moment in which others could connect.
        mask = os.umask(SOCKET_MASK)
        try:
            bound.bind(os.fsencode(path))
        finally:
            os.umask(mask)
        ours = path.lstat()
        try:
            if group is not None:
                # Nobody can connect before the socket listens.
                _give(path, group, GROUP_SOCKET_MODE)
            bound.listen(BACKLOG)
            bound.setblocking(False)
            yield bound, ours
        finally:
            _unlink_if_ours(path, ours)


def _unlink_if_ours(path: Path, ours: os.stat_result) -> None:
    try:
        if _is_same(path, ours):
            path.unlink()
    except OSError as error:
        log.warning("socket_not_removed", path=str(path), problem=str(error))


def _is_same(path: Path, before: os.stat_result) -> bool:
    """Whether a path leads to the file that it led to; raise `OSError` where it leads nowhere."""
    found = path.lstat()
    return (found.st_dev, found.st_ino) == (before.st_dev, before.st_ino)
