"""Sockets that are handed over, in a process whose first free descriptors they can be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHILD = """
import json, os, socket, sys
from darkroom.errors import DarkroomError
from darkroomd.system.activation import inherited_socket

kinds, environment = json.loads(sys.argv[1]), json.loads(sys.argv[2])

def made(number, kind):
    path = f"{sys.argv[3]}/{number}.sock"
    if kind == "file":
        return os.open(path, os.O_CREAT)
    if kind == "connection":
        return socket.socketpair()[0].detach()
    family, form = {
        "stream": (socket.AF_UNIX, socket.SOCK_STREAM),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM),
        "datagram": (socket.AF_UNIX, socket.SOCK_DGRAM),
        "packets": (socket.AF_UNIX, socket.SOCK_SEQPACKET),
        "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    }[kind]
    opened = socket.socket(family, form)
    opened.bind({"tcp": ("127.0.0.1", 0), "abstract": f"\\0{path}"}.get(kind, path))
    if form != socket.SOCK_DGRAM:
        opened.listen(1)
    return opened.detach()

for number, descriptor in enumerate([made(*one) for one in enumerate(kinds)], 10):
    os.dup2(descriptor, number)
for number in range(len(kinds)):
    os.dup2(10 + number, 3 + number)
environment = {name: value.replace("OWN", str(os.getpid())) for name, value in environment.items()}
try:
    found = inherited_socket(environment, name="darkroomd")
except DarkroomError as error:
    said = {"code": error.code, "message": error.message, "status": error.exit_status}
else:
    said = None if found is None else {
        "descriptor": found.fileno(),
        "path": found.getsockname(),
        "blocking": found.getblocking(),
        "inheritable": [number for number in range(3, 3 + len(kinds)) if os.get_inheritable(number)],
    }
print(json.dumps({"said": said, "environment": environment}), flush=True)
os._exit(0)
"""

OURS = {"LISTEN_PID": "OWN", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "darkroomd"}


def handed_over(folder: Path, kinds: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(kinds), json.dumps(environment), str(folder)],
        capture_output=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_socket_of_our_name_is_taken_among_others(tmp_path: Path) -> None:
    environment = {"HOME": "/", "LISTEN_PID": "OWN", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "metrics:darkroomd"}

    answer = handed_over(tmp_path, ["tcp", "stream"], environment)

    assert answer == {
        "said": {"descriptor": 4, "path": str(tmp_path / "1.sock"), "blocking": False, "inheritable": []},
        "environment": {"HOME": "/"},
    }


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="nothing-handed-over"),
        pytest.param({**OURS, "LISTEN_PID": "1"}, id="meant-for-another-process"),
        pytest.param({**OURS, "LISTEN_FDS": "0"}, id="no-sockets"),
        pytest.param({**OURS, "LISTEN_FDS": "-1"}, id="nonsense"),
    ],
)
def test_what_is_not_meant_for_us_is_left_alone(tmp_path: Path, environment: dict[str, str]) -> None:
    answer = handed_over(tmp_path, ["stream"], environment)

    assert (answer["said"], answer["environment"]) == (None, {})


@pytest.mark.parametrize(
    ("kinds", "environment", "problem"),
    [
        pytest.param(["datagram"], OURS, "datagrams or packets", id="datagram"),
        pytest.param(["packets"], OURS, "datagrams or packets", id="packets"),
        pytest.param(["tcp"], OURS, "a socket of the network", id="tcp"),
        pytest.param(["connection"], OURS, "set Accept=no", id="one-connection"),
        pytest.param(["abstract"], OURS, "without a path", id="abstract"),
        pytest.param(["file"], OURS, "no socket", id="file"),
        pytest.param([], OURS, "descriptor 3, which is not open", id="closed"),
        pytest.param(
            ["stream"],
            {**OURS, "LISTEN_FDNAMES": "darkroomd.socket"},
            "only darkroomd.socket",
            id="other-name",
        ),
        pytest.param(["stream"], {**OURS, "LISTEN_FDNAMES": ""}, "only unknown", id="no-name"),
        pytest.param(
            ["stream", "stream"],
            {**OURS, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "darkroomd:darkroomd"},
            "2 sockets of one name",
            id="two-of-them",
        ),
    ],
)
def test_what_nobody_can_be_served_at_is_refused_with_what_to_do(
    tmp_path: Path, kinds: list[str], environment: dict[str, str], problem: str
) -> None:
    answer = handed_over(tmp_path, kinds, environment)

    said = answer["said"]
    assert (said["code"], said["status"]) == ("socket.activation", 2)
    assert problem in said["message"]
    assert "FileDescriptorName=darkroomd" in said["message"]


LAUNCHD = r"""
#include <errno.h>
#include <stdlib.h>
#include <string.h>
int launch_activate_socket(const char *name, int **numbers, size_t *count) {
    if (strcmp(name, "darkroomd") == 0) {
        *numbers = malloc(2 * sizeof(int));
        (*numbers)[0] = 7;
        (*numbers)[1] = 8;
        *count = 2;
        return 0;
    }
    return strcmp(name, "taken") == 0 ? EALREADY : ESRCH;
}
"""

ASK = """
import sys
from darkroomd.system.launchd import activated
try:
    print(activated(sys.argv[1], library=sys.argv[2]))
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture(scope="module")
def launchd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a library with launchd's function."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("There is no C compiler.")
    folder = tmp_path_factory.mktemp("launchd")
    source, library = folder / "launchd.c", folder / "launchd.so"
    source.write_text(LAUNCHD)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    return library


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param("darkroomd", "[7, 8]", id="handed-over"),
        pytest.param("other", "[]", id="not-started-by-launchd"),
        pytest.param("taken", "Operation already in progress", id="refused"),
    ],
)
def test_launchd_is_asked_by_its_own_function(launchd: Path, name: str, answer: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, name, str(launchd)], capture_output=True, timeout=60, check=True
    )

    assert done.stdout.decode().strip() == answer
