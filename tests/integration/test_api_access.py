"""What a real second user can do at the socket, and what the socket's file lets them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import pytest

from api_server import NOW, PATIENCE_SECONDS, Serving, serving
from darkroomd.api.listener import SocketGroupRefused, open_listener
from darkroomd.core.access import AccessPolicy, Role
from darkroomd.core.model import CorrelationId, JobId
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported, NewExport
from privileges import without_privileges

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can call as somebody else"),
]

SERVICE = "org.varlink.service"
DARKROOM = "io.darkroomd.Darkroom"
DENIED = {"error": f"{SERVICE}.PermissionDenied"}

GROUP: Final = 54_321
OTHER_GROUP: Final = 54_322
MEMBER: Final = 54_322
OTHER: Final = 54_323

ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(sys.argv[2].encode())
    connection.shutdown(socket.SHUT_WR)
    sys.stdout.buffer.write(b"".join(iter(lambda: connection.recv(65536), b"")))
"""


@dataclass(frozen=True, slots=True)
class User:
    """A user of this machine, who needs no entry in its files."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    async def run(self, path: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[int, bytes]:
        messages = [{"method": name, "parameters": parameters} for name, parameters in calls]
        text = "".join(json.dumps(message) + "\n" for message in messages)
        with anyio.fail_after(PATIENCE_SECONDS):
            done = await anyio.run_process(
                ["/usr/bin/python3", "-c", ASK, str(path), text],
                user=self.uid, group=self.gid, extra_groups=self.groups, check=False,
            )  # fmt: skip
        return done.returncode, done.stdout

    async def ask(self, path: Path, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        status, answer = await self.run(path, *calls)
        assert status == 0
        return [json.loads(line) for line in answer.splitlines()]


PRIMARY = User(MEMBER, GROUP)
SUPPLEMENTARY = User(MEMBER, MEMBER, (GROUP,))
STRANGER = User(OTHER, OTHER)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can pass through."""
    with TemporaryDirectory(prefix="darkroomd-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def policy(role: Role, *allowed: Path) -> AccessPolicy:
    return AccessPolicy(owner_uid=0, group=GROUP, group_role=role, allowed_roots=allowed)


def darkroom(method: str, **parameters: object) -> tuple[str, dict[str, Any]]:
    return f"{DARKROOM}.{method}", parameters


async def add_job(daemon: Serving, *, uid: int | None, name: str) -> JobId:
    """Queue a job as if this user had asked for it."""
    session = await daemon.add_session()
    queued = await daemon.add_photo(session, name)
    order = NewExport(session.id, (queued.photo_id,), "jpg", "export", CorrelationId("e"), creator_uid=uid)
    made = await JobDesk(daemon.store.front).export(order, now_usec=NOW)
    assert isinstance(made, Exported)
    assert made.job_id is not None
    return made.job_id


@pytest.mark.parametrize("user", [PRIMARY, SUPPLEMENTARY], ids=["primary-group", "supplementary-group"])
async def test_a_reader_looks_and_changes_nothing(place: Path, user: User) -> None:
    async with serving(place, access=policy(Role.READER)) as daemon:
        looked, paused, nonsense = await user.ask(
            daemon.path, darkroom("GetQueue"), darkroom("PauseQueue"), darkroom("Nonsense")
        )

    assert looked["parameters"]["queue"]["paused"] is False
    assert paused == DENIED
    assert nonsense["error"] == f"{SERVICE}.MethodNotFound"


async def test_an_operator_changes_what_is_not_the_owners(place: Path) -> None:
    async with serving(place, access=policy(Role.OPERATOR)) as daemon:
        paused, reloaded = await PRIMARY.ask(daemon.path, darkroom("PauseQueue"), darkroom("Reload"))

    assert paused["parameters"]["queue"]["paused"] is True
    assert reloaded == DENIED


async def test_what_members_may_do_changes_with_the_next_call(place: Path) -> None:
    allowed, _ = make_folders(place)
    forbidden_folder, question = f"{place}/forbidden/party", darkroom("PauseQueue")
    async with serving(place, access=policy(Role.READER)) as daemon:
        [reading] = await PRIMARY.ask(daemon.path, question)
        daemon.server.adopt(policy(Role.OPERATOR, allowed))
        [operating] = await PRIMARY.ask(daemon.path, question)
        [elsewhere] = await PRIMARY.ask(
            daemon.path, darkroom("AddSession", folder={"path": forbidden_folder})
        )
        daemon.server.adopt(policy(Role.OPERATOR, place))
        [opened] = await PRIMARY.ask(daemon.path, darkroom("AddSession", folder={"path": f"{place}/nowhere"}))

    assert reading == DENIED
    assert operating["parameters"]["queue"]["paused"] is True
    assert "socket.allowed_roots" in elsewhere["parameters"]["message"]
    assert "socket.allowed_roots" not in opened["parameters"]["message"]


async def test_whoever_is_no_member_does_not_even_get_at_the_socket(place: Path) -> None:
    async with serving(place, access=policy(Role.OPERATOR)) as daemon:
        status, answer = await STRANGER.run(daemon.path, darkroom("GetQueue"))

    assert (status, answer) == (1, b"")


async def test_whoever_gets_at_the_socket_and_is_no_member_is_denied_everything(place: Path) -> None:
    async with serving(place, access=policy(Role.OPERATOR)) as daemon:
        await anyio.Path(daemon.path).chmod(0o666)
        answers = await STRANGER.ask(
            daemon.path,
            (f"{SERVICE}.GetInfo", {}),
            darkroom("GetQueue"),
            darkroom("Nonsense"),
            darkroom("CancelJobs", jobIds=[]),
            darkroom("CancelJobs", jobIds=[77]),
        )

    assert answers == [DENIED] * 5


async def test_a_reader_may_cancel_jobs_of_its_own_and_no_others(place: Path) -> None:
    async with serving(place, access=policy(Role.READER)) as daemon:
        own = await add_job(daemon, uid=MEMBER, name="A.NEF")
        other = await add_job(daemon, uid=OTHER, name="B.NEF")
        daemons = await add_job(daemon, uid=None, name="C.NEF")

        answers = await PRIMARY.ask(
            daemon.path,
            darkroom("CancelJobs", jobIds=[other]),
            darkroom("CancelJobs", jobIds=[daemons]),
            darkroom("CancelJobs", jobIds=[own, other]),
            darkroom("PauseJobs", jobIds=[own]),
            darkroom("CancelJobs", jobIds=[own]),
        )

    assert answers == [DENIED] * 4 + [{"parameters": {"jobIds": [own]}}]


def make_folders(place: Path) -> tuple[Path, Path]:
    """Return a folder in which paths may be named, and one in which they may not."""
    allowed, forbidden = place / "allowed", place / "forbidden"
    for folder in (allowed, forbidden):
        (folder / "party").mkdir(parents=True)
    (allowed / "way-out").symlink_to(forbidden)
    return allowed, forbidden


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("forbidden/party", id="elsewhere"),
        pytest.param("forbidden/not-there", id="elsewhere-and-not-there"),
        pytest.param("allowed/way-out/party", id="through-a-link"),
        pytest.param("allowed/../forbidden/party", id="through-the-parent"),
        pytest.param("allowed-too", id="similar-name"),
        pytest.param("", id="above"),
    ],
)
@pytest.mark.parametrize("method", ["AddSession", "AddRoot"])
async def test_an_operator_cannot_name_a_folder_that_is_not_open_to_it(
    place: Path, name: str, method: str
) -> None:
    allowed, _ = make_folders(place)
    async with serving(place, access=policy(Role.OPERATOR, allowed)) as daemon:
        [answer] = await PRIMARY.ask(daemon.path, darkroom(method, folder={"path": f"{place}/{name}"}))

    assert answer["error"] == f"{DARKROOM}.PathNotAllowed"
    assert "socket.allowed_roots" in answer["parameters"]["message"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("forbidden/archive", id="elsewhere"),
        pytest.param("allowed/way-out/archive", id="through-a-link"),
        pytest.param("allowed/../forbidden", id="through-the-parent"),
    ],
)
async def test_an_operator_cannot_archive_to_a_folder_that_is_not_open_to_it(place: Path, name: str) -> None:
    allowed, _ = make_folders(place)
    asked = darkroom("StartArchive", sessionIds=[], dryRun=True, destination={"path": f"{place}/{name}"})
    async with serving(place, access=policy(Role.OPERATOR, allowed)) as daemon:
        [refused] = await PRIMARY.ask(daemon.path, asked)

    assert refused["error"] == f"{DARKROOM}.PathNotAllowed"
    assert "socket.allowed_roots" in refused["parameters"]["message"]


async def test_in_a_folder_that_is_open_to_it_an_operator_learns_what_is_wrong(place: Path) -> None:
    allowed, _ = make_folders(place)
    async with serving(place, access=policy(Role.OPERATOR, allowed)) as daemon:
        asked = darkroom("AddSession", folder={"path": f"{allowed}/not-there"})
        [answer] = await PRIMARY.ask(daemon.path, asked)

    assert answer["error"] == f"{DARKROOM}.PathNotAllowed"
    assert "does not exist" in answer["parameters"]["message"]


def rights(path: Path) -> tuple[int, int]:
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_gid


async def test_the_socket_is_the_groups_and_the_folder_lets_it_pass(place: Path) -> None:
    path = place / "made" / "d.sock"

    async with open_listener(path, group=GROUP):
        found = (rights(path), rights(path.parent), rights(path.with_name("d.sock.lock"))[0])

    assert found == ((0o660, GROUP), (0o710, GROUP), 0o600)


async def test_another_group_is_let_in_while_the_socket_is_open_and_then_none(place: Path) -> None:
    path = place / "made" / "d.sock"
    found: list[tuple[tuple[int, int], tuple[int, int]]] = []

    async with open_listener(path, group=GROUP) as listener:
        for group in (OTHER_GROUP, None):
            listener.let_in(group)
            found.append((rights(path), rights(path.parent)))

    assert found == [
        ((0o660, OTHER_GROUP), (0o710, OTHER_GROUP)),
        ((0o600, OTHER_GROUP), (0o700, OTHER_GROUP)),
    ]


async def test_what_stands_in_place_of_the_socket_is_given_to_nobody(place: Path) -> None:
    path = place / "d.sock"

    async with open_listener(path) as listener:
        path.rename(place / "away")
        path.touch(0o600)
        listener.let_in(GROUP)

        assert rights(path) == (0o600, os.getgid())


async def test_a_group_that_the_daemons_user_is_not_in_is_refused_while_the_socket_is_open(
    place: Path,
) -> None:
    await anyio.Path(place).chmod(0o777)

    with without_privileges():
        async with open_listener(place / "d.sock") as listener:
            with pytest.raises(SocketGroupRefused, match=str(GROUP)):
                listener.check_group(GROUP)
            listener.check_group(None)


async def test_a_group_that_the_daemons_user_is_not_in_is_refused_and_nothing_is_left(place: Path) -> None:
    await anyio.Path(place).chmod(0o777)

    with without_privileges(), pytest.raises(SocketGroupRefused, match=str(GROUP)):
        async with open_listener(place / "d.sock", group=GROUP):
            pass

    assert [path.name async for path in anyio.Path(place).iterdir()] == ["d.sock.lock"]
