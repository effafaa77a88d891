"""A real systemd as the first process of namespaces of its own; everything in it ends with it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from running import children_of, has_ended
from systemd.furnishing import BOOTH_UID, furnish

BOOT_SECONDS: Final = 60.0
COMMAND_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
POWER_OFF: Final = 4
"""Which of the real-time signals that is to systemd."""

CHECKOUT: Final = Path(__file__).parents[2]
SCRIPT: Final = Path(__file__).with_name("boot.sh")
PROGRAM: Final = Path("/usr/lib/systemd/systemd")
TOOLS: Final = ("mount", "nsenter", "pivot_root", "setpriv", "unshare", "systemctl", "dbus-daemon")

IN_A_CGROUP: Final = """\
set -eu
mkdir "$1"
echo $$ > "$1/cgroup.procs"
shift
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup --propagation private -- "$@"
"""


class Unbootable(Exception):
    """No machine can be booted here; the message says why."""


class CommandFailed(Exception):
    """A command in the machine ended with another status than 0; the message holds all it said."""


class Machine:
    """A booted system.

    Attributes:
        root: its root folder as seen from outside, without what is mounted in it.
        pid: of its first process.
    """

    def __init__(self, root: Path, pid: int) -> None:
        self.root: Final = root
        self.pid: Final = pid

    def attempt(
        self, *command: str, user: int = 0, seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, whatever its exit status is."""
        return subprocess.run(
            [*self.entrance(user), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str, user: int = 0, seconds: float = COMMAND_SECONDS) -> str:
        """Run a command in the machine; return what it wrote.

        Raises:
            CommandFailed: its exit status was not 0.
        """
        done = self.attempt(*command, user=user, seconds=seconds)
        if done.returncode != 0:
            raise CommandFailed(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def entrance(self, user: int = 0) -> list[str]:
        """Return what to put before a command that is to run in the machine as this user."""
        runtime = f"/run/user/{user}"
        environment = {
            "PATH": "/opt/darkroomd/bin:/usr/sbin:/usr/bin",
            "LANG": "C.UTF-8",
            "HOME": "/home/booth" if user == BOOTH_UID else "/root",
            "SYSTEMD_COLORS": "0",
            "SYSTEMD_PAGER": "",
            **({"XDG_RUNTIME_DIR": runtime} if user else {}),
        }
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--net", "--"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []
        return [*enter, *become, "env", "-i", *(f"{name}={text}" for name, text in environment.items())]

    def show(self, unit: str, *properties: str, user: int = 0) -> dict[str, str]:
        """Return properties of a unit, as systemd words them."""
        scope = ["--user"] if user else []
        names = ",".join(properties)
        text = self.run("systemctl", *scope, "show", "--property", names, unit, user=user)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def wait_until(self, unit: str, name: str, fits: Callable[[str], bool], *, user: int = 0) -> str:
        """Wait until a property of a unit is as it should be, and return it.

        Raises:
            TimeoutError: it never was.
        """
        deadline = time.monotonic() + COMMAND_SECONDS
        while not fits(text := self.show(unit, name, user=user)[name]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} of {unit} is {text!r}")
            # Each look takes some milliseconds, and systemd tells no command of changes.
            time.sleep(LOOK_SECONDS)
        return text

    def outside(self, path: str) -> Path:
        """Return a path of the machine as seen from outside, with what is mounted in it."""
        return Path(f"/proc/{self.pid}/root") / path.lstrip("/")

    def pid_outside(self, pid: int) -> int:
        """Return the number that a process of the machine has outside of it."""
        for each in _below(self.pid):
            with suppress(OSError):
                status = Path(f"/proc/{each}/status").read_text()
                numbers = next(line for line in status.splitlines() if line.startswith("NSpid:"))
                if numbers.split()[-1] == str(pid):
                    return each
        raise ProcessLookupError(pid)

    def commands(self) -> list[str]:
        """Return the command lines of all that runs in it."""
        found: list[str] = []
        for each in _below(self.pid):
            with suppress(OSError):
                found.append(Path(f"/proc/{each}/cmdline").read_text().replace("\0", " "))
        return found

    def cut_power(self) -> None:
        """Kill all its processes at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def shut_down(self) -> None:
        """Let systemd end everything in its order, and wait for the end; no command may run in it.

        Raises:
            TimeoutError: it does not come.
        """
        os.kill(self.pid, signal.SIGRTMIN + POWER_OFF)
        if not has_ended(self.pid):
            raise TimeoutError("the machine does not shut down")


def _below(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        found += children_of(each)
    return found


@contextmanager
def machine_folder() -> Generator[Path]:
    """Yield the root folder of a machine that was never booted.

    Raises:
        Unbootable: machines cannot be booted here.
    """
    check_bootable()
    with tempfile.TemporaryDirectory(prefix="machine-") as name:
        root = Path(name)
        furnish(root)
        yield root


def check_bootable() -> None:
    """Refuse where no machine can be booted.

    Raises:
        Unbootable: see its message.
    """
    if os.geteuid() != 0:
        raise Unbootable("Only root may boot a machine in namespaces of its own.")
    if not PROGRAM.exists():
        raise Unbootable("There is no systemd here.")
    if not Path("/bin").is_symlink():
        raise Unbootable("The programs of this system do not all lie in /usr.")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise Unbootable(f"These commands are missing: {', '.join(missing)}.")
    _cgroups()
    trial = [
        "unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "mount", "-t", "tmpfs", "tmpfs", "/mnt"
    ]  # fmt: skip
    tried = subprocess.run(trial, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    if tried.returncode != 0:
        raise Unbootable(f"Nothing can be mounted here: {tried.stderr.strip()}.")


def _cgroups() -> Path:
    """Return where control groups can be made."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            place = Path(fields.split()[4])
            if os.access(place, os.W_OK):
                return place
    raise Unbootable("There are no control groups of version 2 that could be written.")


@contextmanager
def booted(root: Path, *, until_up: bool = True) -> Generator[Machine]:
    """Boot the machine of this folder; when the block is left, all its processes are gone.

    Without `until_up` the block is entered as soon as there is a first process.

    Raises:
        Unbootable: systemd did not say that it is up.
    """
    cgroup = _new_cgroup()
    command = [
        "setpriv", "--pdeathsig=KILL", "--",
        "/bin/sh", "-c", IN_A_CGROUP, "boot", str(cgroup),
        "/bin/sh", str(SCRIPT), str(root), sys.base_prefix, sysconfig.get_path("purelib"), str(CHECKOUT),
        "--log-target=journal-or-kmsg", "--show-status=no",
    ]  # fmt: skip
    messages = root / "boot" / "messages"
    with _notifications(root / "boot" / "notify") as news, messages.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output)
        assert process.stdout is not None
        try:
            _wait_until_begun(process, messages)
            if until_up:
                _wait_until_up(news, process, messages)
            # systemd would wait for room where what it says is not read.
            news.close()
            with _last_words(Machine(root, children_of(process.pid)[0])) as machine:
                yield machine
        finally:
            for child in children_of(process.pid):
                # `unshare` ends after its child; the kernel ends what the child is the first process of.
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            try:
                process.wait(END_SECONDS)
            finally:
                process.kill()
                process.stdout.close()
                _remove(cgroup)


@contextmanager
def _last_words(machine: Machine) -> Generator[Machine]:
    """Put the end of the machine's journal to whatever goes wrong: it is gone with the machine."""
    try:
        yield machine
    except Exception as error:
        with suppress(subprocess.TimeoutExpired):
            error.add_note(machine.attempt("journalctl", "--no-pager", "--lines=60").stdout)
        raise


@contextmanager
def _notifications(path: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as news:
        path.unlink(missing_ok=True)
        news.bind(os.fsencode(path))
        yield news


def _wait_until_begun(process: subprocess.Popen[bytes], messages: Path) -> None:
    """Wait for the word of the first process; from then on it is the only child of `process`."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], BOOT_SECONDS)
    if not ready or process.stdout.readline() != b"begun\n":
        raise Unbootable(f"The machine did not begin: {messages.read_text(errors='replace')}")


def _wait_until_up(news: socket.socket, process: subprocess.Popen[bytes], messages: Path) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    ended = os.pidfd_open(process.pid)
    try:
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([news.fileno(), ended], [], [], left)
            if news.fileno() in ready and b"READY=1" in news.recv(65536).split(b"\n"):
                return
            if ended in ready:
                break
    finally:
        os.close(ended)
    raise Unbootable(f"systemd did not come up: {messages.read_text(errors='replace')}")


def _new_cgroup() -> Path:
    """Return the name of a control group; remove those of harnesses that were killed."""
    place = _cgroups()
    for group in place.glob("machine-*-*"):
        if not Path("/proc", group.name.split("-")[1]).exists():
            _remove(group)
    return place / f"machine-{os.getpid()}-{time.monotonic_ns()}"


def _remove(cgroup: Path) -> None:
    for folder, _, _ in os.walk(cgroup, topdown=False):
        # A group whose processes the kernel has not yet buried is busy; it is empty, and harms nobody.
        with suppress(OSError):
            Path(folder).rmdir()
