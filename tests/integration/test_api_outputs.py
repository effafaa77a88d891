"""Outputs, passed over the socket as open files."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from api_server import NOW, PATIENCE_SECONDS, Serving, serving
from darkroom.protocol.types import ItemState
from darkroomd.core.model import Output, SessionId
from darkroomd.store.queue import Ending
from standing import output_of

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"
PICTURE = b"\xff\xd8 a picture \xff\xd9"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, where in the stream of bytes files came, and what is in them."""

    replies: list[dict[str, Any]]
    files: list[tuple[int, bytes]]
    flags: list[int]

    @property
    def reply(self) -> dict[str, Any]:
        [reply] = self.replies
        return reply


@contextmanager
def connected(path: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(path))
        yield connection


def exchange(path: Path, calls: bytes) -> Answer:
    """Send bytes, read to the end, and note with which byte each file came."""
    received = b""
    files: list[tuple[int, bytes]] = []
    flags: list[int] = []
    with connected(path) as connection:
        connection.sendall(calls)
        connection.shutdown(socket.SHUT_WR)
        while True:
            data, descriptors, _, _ = socket.recv_fds(connection, 65536, 8)
            for descriptor in descriptors:
                with open(descriptor, "rb") as file:  # noqa: PTH123 - a number
                    flags.append(os.get_blocking(descriptor))
                    files.append((len(received), file.read()))
            if not data:
                break
            received += data
    return Answer([json.loads(reply) for reply in received.split(b"\0") if reply], files, flags)


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def opening(output_id: str, **flags: bool) -> bytes:
    call = {"method": f"{DARKROOM}.OpenOutput", "parameters": {"outputId": output_id}, **flags}
    return json.dumps(call).encode() + b"\0"


@dataclass(frozen=True, slots=True)
class Place:
    """A session on disk with one photo that is developed."""

    daemon: Serving
    session: Path
    output: Output

    async def open(self) -> Answer:
        return await to_thread.run_sync(exchange, self.daemon.path, opening(self.output.id))


async def develop(daemon: Serving, folder: Path) -> Place:
    """Add a session at `folder` with one picture, as if it had been developed."""
    session = await daemon.store.add_session(folder, name="party", session_id=SessionId("p"), now_usec=NOW)
    (folder / "Jpg").mkdir(parents=True)
    path = folder / "Jpg" / "A.jpg"
    path.write_bytes(PICTURE)
    queued = await daemon.add_photo(session)
    claim = await daemon.store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    made = replace(
        output_of(await daemon.store.photo(queued.photo_id)),
        path=path,
        size_bytes=len(PICTURE),
        mtime_ns=path.stat().st_mtime_ns,
        sha256=hashlib.sha256(PICTURE).hexdigest(),
    )
    ending = Ending(ItemState.COMPLETED, output=made)
    assert await daemon.store.end(claim.item, ending, fence=claim.fence, now_usec=NOW)
    return Place(daemon, folder, made)


async def test_an_output_comes_as_an_open_file_with_the_first_byte_of_the_reply(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")

        answer = await place.open()

    parameters = answer.reply["parameters"]
    assert answer.files == [(0, PICTURE)]
    assert parameters["fileDescriptor"] == 0
    assert parameters["output"]["sizeBytes"] == len(PICTURE)
    assert answer.flags == [True]


async def test_each_of_several_replies_brings_its_own_file(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        health = f'{{"method":"{DARKROOM}.GetQueue"}}\0'.encode()
        calls = opening(place.output.id) + health + opening("nobody") + opening(place.output.id)

        answer = await to_thread.run_sync(exchange, daemon.path, calls)

    assert ["error" in reply for reply in answer.replies] == [False, False, True, False]
    assert [content for _, content in answer.files] == [PICTURE, PICTURE]
    assert [reply["parameters"].get("fileDescriptor") for reply in answer.replies] == [0, None, None, 0]


async def test_a_file_goes_with_nothing_where_no_reply_is_wanted(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        calls = opening(place.output.id, oneway=True) + f'{{"method":"{DARKROOM}.GetQueue"}}\0'.encode()
        before = count_open_files()

        answer = await to_thread.run_sync(exchange, daemon.path, calls)
        after = count_open_files()

    assert "queue" in answer.reply["parameters"]
    assert (answer.files, after) == ([], before)


def replace_by_socket(place: Place) -> None:
    place.output.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place.output.path))


def remove(place: Place) -> None:
    place.output.path.unlink()


def replace_by_link(place: Place) -> None:
    place.output.path.rename(place.session / "elsewhere.jpg")
    place.output.path.symlink_to(place.session / "elsewhere.jpg")


def replace_by_pipe(place: Place) -> None:
    place.output.path.unlink()
    os.mkfifo(place.output.path)


def replace_by_folder(place: Place) -> None:
    place.output.path.unlink()
    place.output.path.mkdir()


def edit(place: Place) -> None:
    place.output.path.write_bytes(PICTURE[::-1])


def lengthen(place: Place) -> None:
    place.output.path.write_bytes(PICTURE * 2)


def lead_its_folder_elsewhere(place: Place) -> None:
    place.output.path.parent.rename(place.session.with_name("elsewhere"))
    place.output.path.parent.symlink_to(place.session.with_name("elsewhere"))


def lead_its_session_elsewhere(place: Place) -> None:
    place.session.rename(place.session.with_name("elsewhere"))
    place.session.symlink_to(place.session.with_name("elsewhere"))


@pytest.mark.parametrize(
    "change",
    [
        remove,
        replace_by_link,
        replace_by_pipe,
        replace_by_socket,
        replace_by_folder,
        edit,
        lengthen,
        lead_its_folder_elsewhere,
        lead_its_session_elsewhere,
    ],
)
async def test_what_is_not_the_recorded_output_is_not_handed_out(
    tmp_path: Path, change: Callable[[Place], None]
) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        change(place)

        answer = await place.open()

    assert answer.reply == {
        "error": f"{DARKROOM}.NoSuchOutput",
        "parameters": {"outputId": place.output.id},
    }
    assert answer.files == []


async def test_an_output_that_was_only_touched_is_handed_out_from_its_beginning(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        os.utime(place.output.path, (1, 1))

        answer = await place.open()

    assert answer.files == [(0, PICTURE)]


async def test_an_output_of_elsewhere_is_not_handed_out(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        database = daemon.path.with_name("queue.db")
        secret = tmp_path / "secret.jpg"
        secret.write_bytes(PICTURE)
        os.utime(secret, ns=(place.output.mtime_ns, place.output.mtime_ns))

        assert await to_thread.run_sync(point_at, database, place.output, secret)
        answer = await place.open()

    assert answer.reply["error"] == f"{DARKROOM}.NoSuchOutput"


def point_at(database: Path, output: Output, path: Path) -> bool:
    """Change the record of an output from outside, as a damaged or hostile database would have it."""
    import sqlite3  # noqa: PLC0415 - here alone

    with sqlite3.connect(database) as connection:
        changed = connection.execute(
            "UPDATE output SET path = ? WHERE id = ?", (os.fsencode(path), output.id)
        ).rowcount
    connection.close()
    return changed == 1


async def test_whoever_reads_no_replies_costs_no_files(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        place = await develop(daemon, tmp_path / "party")
        before = count_open_files()
        with connected(daemon.path) as connection:
            connection.sendall(opening(place.output.id) * 50)
            async with daemon.client() as client:
                await client.ask("GetQueue")

        with anyio.fail_after(PATIENCE_SECONDS):
            while count_open_files() > before + 1:
                async with daemon.client() as client:
                    await client.ask("GetQueue")
