"""One client in several threads, and in a process that was forked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import pytest

import sent
from darkroom import Client
from running import PATIENCE_SECONDS, running
from scripted import Peer, ScriptedDaemon

FORKING: Final = """
import os, sys
from darkroom import Client
from darkroom.protocol.types import InhibitMode

client = Client(sys.argv[1])
client.get_summary()
inhibition = client.inhibit(InhibitMode.START, who="a", why="b")
down, up = os.pipe()
child = os.fork()
if child == 0:
    os.close(up)
    client.get_summary()
    client.close()
    inhibition.release()
    # It is still there when the other has let go.
    os.read(down, 1)
    os._exit(0)
os.close(down)
for _ in range(20):
    client.get_summary()
held = len(client.list_inhibitors())
inhibition.release()
events = client.watch(kinds=["inhibitor.changed"])
while client.list_inhibitors():
    events.next_within(0.1)
os.close(up)
print(held, os.waitpid(child, 0)[1])
"""


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def echoing(peer: Peer) -> None:
    """Answer each call with the job it is about, until the client hangs up."""
    try:
        while True:
            number = peer.call()["parameters"]["jobId"]
            peer.reply({"job": msgspec.to_builtins(sent.job(number))})
    except EOFError:
        pass


def test_threads_that_share_a_client_get_their_own_replies(path: Path) -> None:
    asked = list(range(400))

    def told_of(number: int) -> int:
        return client.get_job(number).id

    with (
        ScriptedDaemon(path, [echoing]),
        Client(path, timeout=PATIENCE_SECONDS) as client,
        ThreadPoolExecutor(4) as threads,
    ):
        told = list(threads.map(told_of, asked))

    assert told == asked


def test_a_forked_process_has_a_connection_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, "--root", str(tmp_path)) as daemon:
        ended = subprocess.run(
            [sys.executable, "-c", FORKING, daemon.socket],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    # Held back until the process that asked for it let go, whatever the other did.
    assert (ended.stdout, ended.stderr) == ("1 0\n", "")
