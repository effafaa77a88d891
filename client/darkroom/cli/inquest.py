"""Looks around where no daemon answers. Nothing is changed, and nothing is waited for long."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from darkroom.cli.absence import Door, Lock, Unit

MANAGER_SECONDS: Final = 3.0
"""How long a service manager may take to answer."""

SERVICE: Final = "darkroomd.service"
STATE_LOCK: Final = "darkroomd.lock"
AGENT: Final = "io.darkroomd.agent"
DAEMON: Final = "io.darkroomd.daemon"
_LOCKS: Final = Path("/proc/locks")
_BOOTED: Final = Path("/run/systemd/system")
_PROPERTIES: Final = "LoadState,ActiveState,Result"


def look_at_socket(path: str) -> Door:
    """Return what stands at a path, and whether the system connects to it."""
    try:
        found = os.lstat(path)
    except PermissionError:
        return Door(path, stands=True, is_socket=True, owner="another user", refusal=_refusal(path))
    except OSError:
        return Door(path, stands=False)
    is_socket = stat.S_ISSOCK(found.st_mode)
    return Door(
        path,
        stands=True,
        is_socket=is_socket,
        owner=_name_of(found.st_uid),
        mode=stat.S_IMODE(found.st_mode),
        refusal=_refusal(path) if is_socket else 0,
    )


def _refusal(path: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A daemon whose queue of callers is full would keep us waiting.
        probe.setblocking(False)
        return probe.connect_ex(os.fsencode(path))


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def look_at_locks(socket_path: str, environment: Mapping[str, str]) -> tuple[Lock, ...]:
    """Return the lock files of daemons that there are, and who holds them."""
    candidates = (Path(f"{socket_path}.lock"), *_state_locks(environment))
    return tuple(_lock(path) for path in dict.fromkeys(candidates) if os.path.lexists(path))


def _state_locks(environment: Mapping[str, str]) -> Iterator[Path]:
    home, state = environment.get("HOME", ""), environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        yield Path(state, "darkroomd", STATE_LOCK)
    elif home.startswith("/") and sys.platform == "darwin":
        yield Path(home, "Library/Application Support/darkroomd", STATE_LOCK)
    elif home.startswith("/"):
        yield Path(home, ".local/state/darkroomd", STATE_LOCK)
    yield Path("/var/lib/darkroomd", STATE_LOCK)


def _lock(path: Path) -> Lock:
    try:
        inode = path.stat().st_ino
        table = _LOCKS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return Lock(str(path), _writer(path))
    return Lock(str(path), holder_of(inode, table.splitlines()))


def holder_of(inode: int, locks: Iterable[str]) -> int | None:
    """Return the process that holds a lock on a whole file, by lines as in `/proc/locks`; None: none does.

    To try the lock instead would keep a daemon from starting that tries it at the same moment.
    """
    for line in locks:
        fields = line.split()
        # Those that wait for a lock are marked by an arrow, and hold nothing.
        if len(fields) < 6 or fields[1] != "FLOCK":  # noqa: PLR2004 - number, kind, sort, mode, process, file
            continue
        if fields[5].rpartition(":")[2] == str(inode) and fields[4].isdecimal():
            return int(fields[4])
    return None


def _writer(path: Path) -> int | None:
    """Return the process that has written its number into a lock file, if it lives: all that is told here."""
    with suppress(OSError, ValueError):
        pid = int(path.read_text(encoding="ascii").removeprefix("pid "))
        if pid > 0:
            os.kill(pid, 0)
            return pid
    return None


def look_at_services() -> tuple[Unit, ...]:
    """Return what the service manager says of our services, where there is one and it knows any."""
    if sys.platform == "darwin":
        targets = ((f"gui/{os.getuid()}/{AGENT}", "user"), (f"system/{DAEMON}", "system"))
        found = [
            job_from(_answer("launchctl", "print", target), target, whose=whose) for target, whose in targets
        ]
    elif shutil.which("systemctl") is None or not _BOOTED.is_dir():
        found = []
    else:
        scopes = ((("--user",), "user"), ((), "system"))
        show = ("show", SERVICE, f"--property={_PROPERTIES}")
        found = [unit_from(_answer("systemctl", *scope, *show), whose=whose) for scope, whose in scopes]
    return tuple(unit for unit in found if unit is not None)


def unit_from(said: str, *, whose: str) -> Unit | None:
    """Return our service by what `systemctl show` says of it; None: it is not installed."""
    facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if facts.get("LoadState", "not-found") == "not-found":
        return None
    own = "--user " if whose == "user" else ""
    return Unit(
        SERVICE,
        whose,
        state=facts.get("ActiveState", "unknown"),
        result=facts.get("Result", ""),
        start=f"systemctl {own}start darkroomd",
        log=f"journalctl {own}-u darkroomd -n 50",
    )


def job_from(said: str, target: str, *, whose: str) -> Unit | None:
    """Return our job by what `launchctl print` says of it; None: it is not installed."""
    facts: dict[str, str] = {}
    for line in said.splitlines():
        key, separator, value = line.strip().partition(" = ")
        if separator:
            # Below are those of its sockets and the like.
            facts.setdefault(key, value)
    if "state" not in facts:
        return None
    status = facts.get("last exit code", "0")
    ended_badly = facts["state"] != "running" and not status.startswith(("0", "("))
    return Unit(
        target.rpartition("/")[2],
        whose,
        state="failed" if ended_badly else facts["state"],
        result=f"exit status {status}" if ended_badly else "",
        start=f"launchctl kickstart {target}",
        log="log show --last 1h --predicate 'process == \"darkroomd\"'",
    )


def _answer(*command: str) -> str:
    """Return what a command says; empty where it fails or takes too long."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=MANAGER_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
