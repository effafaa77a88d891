from __future__ import annotations

import json
import os
from ast import literal_eval
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest

from api_server import INSTANCE, NOW, Serving, serving
from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroomd.api import requests
from darkroomd.api.connection import Patience
from darkroomd.core.retry import Hold
from darkroomd.core.status import Check

pytestmark = pytest.mark.anyio

SERVICE = "org.varlink.service"
DARKROOM = "io.darkroomd.Darkroom"
METRICS = "io.darkroomd.Metrics"
NOBODY = 65534


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def test_the_service_says_what_it_is(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{SERVICE}.GetInfo")

        info = (await client.reply())["parameters"]

    assert info["product"] == "darkroomd"
    assert info["version"] == "0.1.0"
    assert info["interfaces"] == [SERVICE, DARKROOM, METRICS]


async def test_the_service_describes_each_of_its_interfaces(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{SERVICE}.GetInterfaceDescription", {"interface": DARKROOM})
        await client.call(f"{SERVICE}.GetInterfaceDescription", {"interface": SERVICE})
        await client.call(f"{SERVICE}.GetInterfaceDescription", {"interface": "io.example"})

        own, service, other = [await client.reply() for _ in range(3)]

    assert f"\ninterface {DARKROOM}\n" in own["parameters"]["description"]
    assert f"\ninterface {SERVICE}\n" in service["parameters"]["description"]
    assert other == {"error": f"{SERVICE}.InterfaceNotFound", "parameters": {"interface": "io.example"}}


async def test_an_idle_daemon_has_nothing_to_do(daemon: Serving) -> None:
    async with daemon.client() as client:
        reply = await client.ask("GetSummary")

    summary = reply["parameters"]["summary"]
    assert summary["text"] == "Nothing to do yet."
    assert summary["progress"]["percent"] == 100
    assert summary["currentPhoto"] is None


async def test_the_summary_counts_what_waits_and_why(daemon: Serving) -> None:
    session = await daemon.add_session()
    await daemon.add_photo(session)
    daemon.gate.hold(Hold(60.0, "disk.full"), "No space.")

    async with daemon.client() as client:
        reply = await client.ask("GetSummary")

    summary = reply["parameters"]["summary"]
    assert summary["text"] == "Waiting: no space left on the disk, 1 waiting."
    assert summary["queue"]["waitReasons"] == ["disk.full"]
    assert summary["queue"]["queuedItems"] == 1
    assert summary["progress"]["total"] == 1


async def test_the_daemon_says_how_it_is(tmp_path: Path) -> None:
    async def space() -> Check:
        return Check("space", ok=False, message="Little space is left.")

    async with serving(tmp_path, checks=(space,)) as daemon, daemon.client() as client:
        reply = await client.ask("GetHealth")

    assert reply["parameters"] == {
        "ok": False,
        "version": "0.1.0",
        "pid": os.getpid(),
        "instance": INSTANCE,
        "startedAtUsec": NOW,
        "checks": [{"name": "space", "ok": False, "message": "Little space is left."}],
    }


async def test_what_is_listed_can_be_got_by_its_id(daemon: Serving) -> None:
    session = await daemon.add_session()
    queued = await daemon.add_photo(session)

    async with daemon.client() as client:
        sessions = (await client.ask("ListSessions"))["parameters"]["sessions"]
        photos = (await client.ask("ListPhotos", {"sessionId": session.id}))["parameters"]["photos"]
        jobs = (await client.ask("ListJobs"))["parameters"]["jobs"]
        items = (await client.ask("ListItems", {"jobId": queued.job_id}))["parameters"]["items"]
        got_session = (await client.ask("GetSession", {"sessionId": session.id}))["parameters"]["session"]
        got_photo = (await client.ask("GetPhoto", {"photoId": queued.photo_id}))["parameters"]["photo"]
        got_job = (await client.ask("GetJob", {"jobId": queued.job_id}))["parameters"]["job"]

    assert (sessions, photos, jobs) == ([got_session], [got_photo], [got_job])
    assert got_session["folder"] == {"path": "/photos/wedding", "uri": "file:///photos/wedding"}
    assert got_photo["original"]["path"] == "/photos/wedding/Raw/A.NEF"
    assert got_job["sessionId"] == session.id
    assert [(item["photoId"], item["state"]) for item in items] == [(queued.photo_id, "queued")]


async def test_a_name_that_is_no_text_is_shown_readably_and_exactly(daemon: Serving) -> None:
    session = await daemon.add_session()
    await daemon.add_photo(session, "A\udcff\n.NEF")

    async with daemon.client() as client:
        reply = await client.ask("ListPhotos", {"sessionId": session.id})

    [photo] = reply["parameters"]["photos"]
    assert photo["original"] == {
        "path": "/photos/wedding/Raw/A\ufffd\n.NEF",
        "uri": "file:///photos/wedding/Raw/A%FF%0A.NEF",
    }


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        pytest.param({}, ["A.NEF", "B.NEF"], id="all"),
        pytest.param({"states": ["waiting"]}, ["A.NEF", "B.NEF"], id="waiting"),
        pytest.param({"states": ["failed", "new-word"]}, [], id="other-states"),
        pytest.param({"states": []}, [], id="no-state"),
        pytest.param({"discarded": True}, [], id="discarded"),
        pytest.param({"discarded": False}, ["A.NEF", "B.NEF"], id="kept"),
        pytest.param({"limit": 1}, ["A.NEF"], id="first-page"),
    ],
)
async def test_photos_are_filtered(daemon: Serving, parameters: dict[str, object], names: list[str]) -> None:
    session = await daemon.add_session()
    await daemon.add_photo(session, "A.NEF")
    await daemon.add_photo(session, "B.NEF")

    async with daemon.client() as client:
        reply = await client.ask("ListPhotos", {"sessionId": session.id, **parameters})

    found = [Path(photo["original"]["path"]).name for photo in reply["parameters"]["photos"]]
    assert found == names


@pytest.mark.parametrize(
    ("job_filter", "count"),
    [
        pytest.param(None, 2, id="all"),
        pytest.param({"kinds": ["develop"]}, 2, id="kind"),
        pytest.param({"kinds": ["export"]}, 0, id="other-kind"),
        pytest.param({"sessionIds": ["party-1"]}, 1, id="session"),
        pytest.param({"states": ["queued", "running"], "sessionIds": ["party-1"]}, 1, id="two-conditions"),
        pytest.param({"createdAfterUsec": NOW + 1}, 0, id="later"),
    ],
)
async def test_jobs_are_filtered(daemon: Serving, job_filter: object, count: int) -> None:
    for name in ("wedding", "party"):
        await daemon.add_photo(await daemon.add_session(name))

    async with daemon.client() as client:
        reply = await client.ask("ListJobs", {"filter": job_filter})

    assert len(reply["parameters"]["jobs"]) == count


async def test_a_list_is_read_page_by_page(daemon: Serving) -> None:
    session = await daemon.add_session()
    for number in range(3):
        await daemon.add_photo(session, f"{number}.NEF")

    async with daemon.client() as client:
        first = (await client.ask("ListPhotos", {"sessionId": session.id, "limit": 2}))["parameters"]
        cursor = first["nextCursor"]
        second = (await client.ask("ListPhotos", {"sessionId": session.id, "cursor": cursor}))["parameters"]

    assert len(first["photos"]) == 2
    assert len(second["photos"]) == 1
    assert second["nextCursor"] is None


async def test_with_more_the_pages_follow_by_themselves(daemon: Serving) -> None:
    session = await daemon.add_session()
    for number in range(5):
        await daemon.add_photo(session, f"{number}.NEF")

    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.ListPhotos", {"sessionId": session.id, "limit": 2}, more=True)
        await client.call(f"{DARKROOM}.ListJobs", {"limit": 1000}, more=True)
        pages = [await client.reply() for _ in range(4)]

    assert [len(page["parameters"]["photos"]) for page in pages[:3]] == [2, 2, 1]
    assert [page.get("continues") for page in pages] == [True, True, None, None]
    assert len(pages[3]["parameters"]["jobs"]) == 5


@pytest.mark.parametrize(
    ("method", "parameters", "error"),
    [
        pytest.param("GetSession", {"sessionId": "no"}, ("NoSuchSession", {"sessionId": "no"}), id="session"),
        pytest.param(
            "ListPhotos", {"sessionId": "no"}, ("NoSuchSession", {"sessionId": "no"}), id="photos-of-none"
        ),
        pytest.param("GetPhoto", {"photoId": "no"}, ("NoSuchPhoto", {"photoId": "no"}), id="photo"),
        pytest.param("GetJob", {"jobId": 9}, ("NoSuchJob", {"jobId": 9}), id="job"),
        pytest.param("GetJob", {"jobId": -1}, ("NoSuchJob", {"jobId": -1}), id="negative-job"),
        pytest.param("ListItems", {"jobId": 9}, ("NoSuchJob", {"jobId": 9}), id="items-of-none"),
        pytest.param("ListJobs", {"cursor": "x"}, ("InvalidCursor", {"cursor": "x"}), id="cursor-of-jobs"),
    ],
)
async def test_what_does_not_exist_is_said_by_name(
    daemon: Serving, method: str, parameters: dict[str, object], error: tuple[str, dict[str, object]]
) -> None:
    async with daemon.client() as client:
        reply = await client.ask(method, parameters)

    assert reply == {"error": f"{DARKROOM}.{error[0]}", "parameters": error[1]}


async def test_every_method_that_is_described_is_built(daemon: Serving) -> None:
    async with daemon.client() as client:
        for name in QUALIFIED_METHODS:
            await client.call(name)
            reply = await client.reply()

            assert reply.get("error") != f"{SERVICE}.MethodNotImplemented", name


async def test_figures_are_an_interface_of_their_own(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{METRICS}.GetMetrics")

        assert await client.reply() == {"parameters": {"text": "# EOF\n"}}


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can get at."""
    with TemporaryDirectory(prefix="darkroomd-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can call as somebody else")
async def test_a_user_whom_the_file_system_lets_in_is_still_denied_everything(open_place: Path) -> None:
    ask = f"""
import socket
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("{open_place}/d.sock")
    connection.sendall(b'{{"method":"{SERVICE}.GetInfo"}}\\0{{"method":"{DARKROOM}.Nonsense"}}\\0')
    connection.shutdown(socket.SHUT_WR)
    print(b"".join(iter(lambda: connection.recv(65536), b"")))
"""

    async with serving(open_place) as daemon:
        await anyio.Path(daemon.path).chmod(0o666)
        asked = await anyio.run_process(["/usr/bin/python3", "-c", ask], user=NOBODY, group=NOBODY)

    denied = f'{{"error":"{SERVICE}.PermissionDenied"}}\0'.encode()
    assert literal_eval(asked.stdout.decode()) == denied * 2


async def test_a_mistake_of_ours_is_told_with_the_id_its_log_line_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> Check:
        raise ZeroDivisionError("a bug")

    async with serving(tmp_path, checks=(broken,)) as daemon, daemon.client() as client:
        failed = await client.ask("GetHealth")
        still_there = await client.ask("GetSummary")

    log = capsys.readouterr().out
    assert failed["error"] == f"{DARKROOM}.Internal"
    assert failed["parameters"]["correlationId"] in log
    assert log.count("ZeroDivisionError: a bug") == 1
    assert "error" not in still_there


async def test_calls_sent_ahead_are_answered_in_their_order(daemon: Serving) -> None:
    calls = [f'{{"method":"{DARKROOM}.GetJob","parameters":{{"jobId":{number}}}}}' for number in range(200)]

    answer = await daemon.exchange("\0".join([*calls, ""]).encode())

    replies = [json.loads(reply) for reply in answer.split(b"\0")[:-1]]
    assert [reply["parameters"]["jobId"] for reply in replies] == list(range(200))


async def test_a_oneway_call_is_not_answered(daemon: Serving) -> None:
    first = (
        f'{{"method":"{DARKROOM}.GetHealth","oneway":true}}\0{{"method":"{DARKROOM}.Nonsense","oneway":true}}'
    )
    last = f'{{"method":"{DARKROOM}.GetJob","parameters":{{"jobId":7}}}}'

    answer = await daemon.exchange(f"{first}\0{last}\0".encode())

    assert json.loads(answer[:-1])["parameters"] == {"jobId": 7}


async def test_an_upgrade_is_refused_and_the_connection_goes_on(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.GetSummary", upgrade=True)
        refused = await client.reply()
        answered = await client.ask("GetSummary")

    assert refused == {"error": f"{SERVICE}.InvalidParameter", "parameters": {"parameter": "upgrade"}}
    assert "summary" in answered["parameters"]


async def test_a_person_gets_lines_back(daemon: Serving) -> None:
    line = f'{{"method":"{DARKROOM}.GetSummary"}}\n'.encode()

    answer = await daemon.exchange(line + line)

    replies = answer.split(b"\n")
    assert [json.loads(reply)["parameters"]["summary"]["text"] for reply in replies[:-1]] == [
        "Nothing to do yet."
    ] * 2
    assert replies[-1] == b""


async def test_malformed_bytes_close_their_connection_alone_and_are_logged_once(
    daemon: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    async with daemon.client() as other:
        await other.ask("GetSummary")

        answer = await daemon.exchange(b'{"method":1}\0')

        still_there = await other.ask("GetSummary")
    log = capsys.readouterr().out
    assert answer == b""
    assert "summary" in still_there["parameters"]
    assert log.count("connection_malformed") == 1
    assert f"uid={os.getuid()}" in log


async def test_a_call_that_is_begun_and_never_finished_is_given_up(tmp_path: Path) -> None:
    patience = Patience(message_seconds=0.05)

    async with serving(tmp_path, patience=patience) as daemon, daemon.client() as client:
        await client.send(b'{"method":')

        assert await client.rest() == b""


async def test_a_peer_that_takes_no_reply_is_given_up(tmp_path: Path) -> None:
    patience = Patience(reply_seconds=0.05)
    call = f'{{"method":"{SERVICE}.GetInterfaceDescription","parameters":{{"interface":"{DARKROOM}"}}}}\0'

    async with serving(tmp_path, patience=patience) as daemon, daemon.client() as client:
        with pytest.raises(anyio.BrokenResourceError), anyio.fail_after(10):
            await client.send(call.encode() * 10_000)

        async with daemon.client() as other:
            assert "summary" in (await other.ask("GetSummary"))["parameters"]


async def test_a_reply_longer_than_a_client_reads_is_not_sent(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "LONGEST_REPLY_BYTES", 100)

    async with daemon.client() as client:
        reply = await client.ask("GetSummary")

    assert reply["error"] == f"{DARKROOM}.Internal"
    assert reply["parameters"]["message"].startswith("The reply is too long")


@pytest.fixture
async def crowded(daemon: Serving, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What asks for all photos of a session that do not fit into one reply."""
    session = await daemon.add_session()
    for number in range(12):
        await daemon.add_photo(session, f"{number:02}{'x' * 200}.NEF")
    monkeypatch.setattr(requests, "LONGEST_REPLY_BYTES", 4000)
    return {"sessionId": session.id, "limit": 1000}


def numbers_in(reply: dict[str, Any]) -> list[int]:
    return [int(Path(photo["original"]["path"]).name[:2]) for photo in reply["parameters"]["photos"]]


async def test_a_page_that_would_not_fit_into_a_reply_is_shorter_and_says_where_to_go_on(
    daemon: Serving, crowded: dict[str, Any]
) -> None:
    async with daemon.client() as client:
        reply = await client.ask("ListPhotos", crowded)
        listed = numbers_in(reply)
        while cursor := reply["parameters"].get("nextCursor"):
            reply = await client.ask("ListPhotos", {**crowded, "cursor": cursor})
            listed += numbers_in(reply)

    assert sorted(listed) == list(range(12))


async def test_with_more_pages_that_would_not_fit_are_shorter_too(
    daemon: Serving, crowded: dict[str, Any]
) -> None:
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.ListPhotos", crowded, more=True)
        reply = await client.reply()
        listed = numbers_in(reply)
        while reply.get("continues"):
            reply = await client.reply()
            listed += numbers_in(reply)

    assert sorted(listed) == list(range(12))


async def test_a_server_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with serving(tmp_path) as daemon, daemon.client() as client:
            await client.call(f"{DARKROOM}.Watch", more=True)
            await client.reply()
            scope.cancel()

    assert not daemon.path.exists()


async def test_one_connection_too_many_learns_so(daemon: Serving) -> None:
    async with anyio.create_task_group() as group:
        held = [await anyio.connect_unix(daemon.path) for _ in range(64)]

        async with daemon.client() as client:
            reply = await client.ask("GetSummary")
            rest = await client.rest()
        for stream in held:
            await stream.aclose()
        group.cancel_scope.cancel()

    assert reply == {
        "error": f"{DARKROOM}.LimitReached",
        "parameters": {"limit": "connections", "maximum": 64},
    }
    assert rest == b""


async def test_a_connection_that_is_closed_makes_room_for_another(daemon: Serving) -> None:
    for _ in range(70):
        async with daemon.client() as client:
            assert "summary" in (await client.ask("GetSummary"))["parameters"]


async def test_a_stop_answers_what_was_begun_and_ends_idle_connections(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon, daemon.client() as client:
        await client.ask("GetSummary")

        with anyio.fail_after(5):
            await daemon.server.stop()

        assert await client.rest() == b""
        with pytest.raises(OSError, match="111"):
            await anyio.connect_unix(daemon.path)
    assert not daemon.path.exists()
