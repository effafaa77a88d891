"""What can be done to jobs over the socket, on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_server import NOW, PATIENCE_SECONDS, Client, Serving, serving
from darkroom.protocol.types import Failure, ItemState
from darkroomd.api import connection, reception
from darkroomd.api.handlers import jobs as job_handlers
from darkroomd.core.model import Claim
from darkroomd.store.queue import Ending

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"
BROKEN = Failure(code="raw.truncated", message="It ends early.", transient=False, context={})


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def add_jobs(daemon: Serving, count: int) -> list[int]:
    """Queue jobs of one photo each, and return their ids in the order in which they will run."""
    session = await daemon.add_session()
    return [(await daemon.add_photo(session, f"{number}.NEF")).job_id for number in range(count)]


async def start_next(daemon: Serving) -> Claim:
    claim = await daemon.store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    return claim


async def fail_next(daemon: Serving) -> None:
    claim = await start_next(daemon)
    ending = Ending(ItemState.FAILED, failure=BROKEN)
    assert await daemon.store.end(claim.item, ending, fence=claim.fence, now_usec=NOW)


async def job(client: Client, job_id: int) -> dict[str, Any]:
    found: dict[str, Any] = (await client.ask("GetJob", {"jobId": job_id}))["parameters"]["job"]
    return found


async def waiting(client: Client) -> list[int]:
    page = await client.ask("ListJobs", {"byPosition": True})
    return [entry["id"] for entry in page["parameters"]["jobs"]]


async def test_an_item_is_got_by_its_number(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)

    async with daemon.client() as client:
        [listed] = (await client.ask("ListItems", {"jobId": job_id}))["parameters"]["items"]
        got = await client.ask("GetItem", {"itemId": listed["id"]})
        none = await client.ask("GetItem", {"itemId": 99})

    assert got["parameters"]["item"] == listed
    assert none == {"error": f"{DARKROOM}.NoSuchItem", "parameters": {"itemId": 99}}


async def test_a_canceled_job_ends_with_all_its_items_and_says_why(daemon: Serving) -> None:
    first, second = await add_jobs(daemon, 2)

    async with daemon.client() as client:
        canceled = await client.ask("CancelJobs", {"jobIds": [first, first], "reason": "Wrong folder."})
        again = await client.ask("CancelJobs", {"jobIds": [first]})
        ended, other = await job(client, first), await job(client, second)
        [item] = (await client.ask("ListItems", {"jobId": first}))["parameters"]["items"]
        photo = (await client.ask("GetPhoto", {"photoId": item["photoId"]}))["parameters"]["photo"]

    assert canceled["parameters"] == {"jobIds": [first]}
    assert again["parameters"] == {"jobIds": []}
    assert (ended["state"], ended["stateReasons"]) == ("canceled", ["canceled_by_client"])
    assert (ended["progress"]["canceled"], ended["progress"]["percent"]) == (1, 100)
    assert (item["state"], item["failure"]["context"]) == ("canceled", {"reason": "Wrong folder."})
    assert item["failure"]["message"].startswith("The job was canceled: Wrong folder. Retry")
    assert (photo["state"], photo["failure"]["code"]) == ("failed", "canceled")
    assert other["state"] == "queued"


async def test_a_canceled_job_is_told_once(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    async with daemon.client() as watcher, daemon.client() as client:
        await watcher.call(f"{DARKROOM}.Watch", {"jobIds": [job_id]}, more=True)
        await watcher.event()

        await client.ask("CancelJobs", {"jobIds": [job_id]})
        await daemon.server.stop()

        events = [await watcher.event() for _ in range(3)]
    assert [event["kind"] for event in events] == ["item.updated", "job.canceled", "stopping"]


async def test_an_item_that_is_put_back_into_a_canceled_job_ends_with_it(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    claim = await start_next(daemon)

    async with daemon.client() as client:
        await client.ask("CancelJobs", {"jobIds": [job_id]})
        canceling = await job(client, job_id)
        await daemon.store.put_back(
            claim.item, fence=claim.fence, failure=None, retry_at_usec=None, refund=True, now_usec=NOW
        )
        ended = await job(client, job_id)
        photo = (await client.ask("GetPhoto", {"photoId": claim.photo.id}))["parameters"]["photo"]

    assert (canceling["state"], ended["state"]) == ("canceling", "canceled")
    assert (photo["state"], photo["failure"]["code"]) == ("failed", "canceled")


async def test_what_failed_is_queued_again_in_its_job(daemon: Serving) -> None:
    failed, canceled = await add_jobs(daemon, 2)
    await fail_next(daemon)

    async with daemon.client() as client:
        await client.ask("CancelJobs", {"jobIds": [canceled]})
        retried = await client.ask("RetryJobs", {"jobIds": [failed, canceled]})
        also_canceled = await client.ask("RetryJobs", {"jobIds": [canceled], "includeCanceled": True})
        jobs = [await job(client, number) for number in (failed, canceled)]

    assert retried["parameters"] == {"jobIds": [failed], "itemCount": 1}
    assert also_canceled["parameters"] == {"jobIds": [canceled], "itemCount": 1}
    assert [(one["state"], one["failure"], one["stateReasons"]) for one in jobs] == [("queued", None, [])] * 2


async def test_a_paused_job_is_passed_over_until_it_is_resumed(daemon: Serving) -> None:
    first, second = await add_jobs(daemon, 2)

    async with daemon.client() as client:
        paused = await client.ask("PauseJobs", {"jobIds": [first]})
        again = await client.ask("PauseJobs", {"jobIds": [first]})
        seen = await job(client, first)
        taken = await start_next(daemon)
        resumed = await client.ask("ResumeJobs", {"jobIds": [first]})
        next_taken = await start_next(daemon)

    assert (paused["parameters"]["jobIds"], again["parameters"]["jobIds"]) == ([first], [])
    assert (seen["state"], seen["stateReasons"]) == ("paused", ["job.paused"])
    assert resumed["parameters"]["jobIds"] == [first]
    assert (taken.job.id, next_taken.job.id) == (second, first)


async def test_priority_decides_before_place(daemon: Serving) -> None:
    jobs = await add_jobs(daemon, 3)

    async with daemon.client() as client:
        high = await client.ask("SetPriority", {"jobIds": [jobs[2]], "priority": "high"})
        low = await client.ask("SetPriority", {"jobIds": [jobs[0]], "priority": "low"})
        order = await waiting(client)
        positions = [(await job(client, number))["position"] for number in order]

    assert (high["parameters"]["jobIds"], low["parameters"]["jobIds"]) == ([jobs[2]], [jobs[0]])
    assert order == [jobs[2], jobs[1], jobs[0]]
    assert positions == [0, 1, 2]


@pytest.mark.parametrize(
    ("moved", "before", "expected"),
    [
        pytest.param([3], 0, [3, 0, 1, 2], id="to-the-front"),
        pytest.param([3, 2], 1, [0, 3, 2, 1], id="in-the-given-order"),
        pytest.param([0], None, [1, 2, 3, 0], id="to-the-end"),
        pytest.param([2, 0], None, [1, 3, 2, 0], id="several-to-the-end"),
        pytest.param([3, 1, 2, 0], None, [3, 1, 2, 0], id="all-of-them"),
        pytest.param([1], 2, [0, 1, 2, 3], id="where-it-is"),
        pytest.param([], 2, [0, 1, 2, 3], id="nothing"),
    ],
)
async def test_waiting_jobs_are_moved(
    daemon: Serving, moved: list[int], before: int | None, expected: list[int]
) -> None:
    jobs = await add_jobs(daemon, 4)
    named = {
        "jobIds": [jobs[place] for place in moved],
        "beforeJobId": None if before is None else jobs[before],
    }

    async with daemon.client() as client:
        reply = await client.ask("MoveJobs", named)
        order = await waiting(client)

    taken = [(await start_next(daemon)).job.id for _ in jobs]
    assert reply["parameters"]["jobIds"] == named["jobIds"]
    assert order == [jobs[place] for place in expected]
    assert taken == order


async def test_a_moved_job_takes_on_the_priority_of_its_neighbour(daemon: Serving) -> None:
    first, second = await add_jobs(daemon, 2)

    async with daemon.client() as client:
        await client.ask("SetPriority", {"jobIds": [second], "priority": "high"})
        await client.ask("MoveJobs", {"jobIds": [first], "beforeJobId": second})
        moved = await job(client, first)

    assert (moved["priority"], moved["position"]) == ("high", 0)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        pytest.param("CancelJobs", {}, id="cancel"),
        pytest.param("RetryJobs", {}, id="retry"),
        pytest.param("PauseJobs", {}, id="pause"),
        pytest.param("ResumeJobs", {}, id="resume"),
        pytest.param("SetPriority", {"priority": "high"}, id="priority"),
        pytest.param("MoveJobs", {}, id="move"),
    ],
)
async def test_one_unknown_job_leaves_all_as_they_are(
    daemon: Serving, method: str, parameters: dict[str, object]
) -> None:
    jobs = await add_jobs(daemon, 2)

    async with daemon.client() as client:
        before = (await client.ask("ListJobs"))["parameters"]
        reply = await client.ask(method, {"jobIds": [jobs[1], 99], **parameters})
        after = (await client.ask("ListJobs"))["parameters"]

    assert reply == {"error": f"{DARKROOM}.NoSuchJob", "parameters": {"jobId": 99}}
    assert after == before


@pytest.mark.parametrize(
    ("method", "parameters", "state"),
    [
        pytest.param("RetryJobs", {"jobIds": [1, 3]}, (3, "queued"), id="retry-of-one-that-waits"),
        pytest.param("PauseJobs", {"jobIds": [3, 1]}, (1, "failed"), id="pause-of-one-that-ended"),
        pytest.param("ResumeJobs", {"jobIds": [3, 1]}, (1, "failed"), id="resume-of-one-that-ended"),
        pytest.param(
            "SetPriority",
            {"jobIds": [3, 1], "priority": "low"},
            (1, "failed"),
            id="priority-of-one-that-ended",
        ),
        pytest.param("MoveJobs", {"jobIds": [3, 2]}, (2, "running"), id="move-of-one-that-runs"),
        pytest.param(
            "MoveJobs", {"jobIds": [3], "beforeJobId": 2}, (2, "running"), id="move-before-one-that-runs"
        ),
    ],
)
async def test_one_job_in_the_wrong_state_leaves_all_as_they_are(
    daemon: Serving, method: str, parameters: dict[str, object], state: tuple[int, str]
) -> None:
    await add_jobs(daemon, 3)
    await fail_next(daemon)
    await start_next(daemon)

    async with daemon.client() as client:
        before = (await client.ask("ListJobs"))["parameters"]
        reply = await client.ask(method, parameters)
        after = (await client.ask("ListJobs"))["parameters"]

    assert reply["error"] == f"{DARKROOM}.InvalidJobState"
    assert reply["parameters"] == {"jobId": state[0], "state": state[1]}
    assert after == before


@pytest.mark.parametrize(
    ("parameters", "left"),
    [
        pytest.param({}, [1, 3], id="completed-and-canceled"),
        pytest.param({"states": ["failed"]}, [2, 3], id="failed"),
        pytest.param({"states": ["failed", "canceled"]}, [3], id="both"),
        pytest.param({"states": []}, [1, 2, 3], id="none"),
        pytest.param({"states": ["queued"]}, [1, 2, 3], id="never-one-that-has-not-ended"),
        pytest.param({"states": ["failed", "canceled"], "endedBeforeUsec": NOW}, [1, 2, 3], id="older"),
        pytest.param({"endedBeforeUsec": NOW + 1}, [1, 3], id="old-enough"),
    ],
)
async def test_ended_jobs_are_forgotten(
    daemon: Serving, parameters: dict[str, object], left: list[int]
) -> None:
    await add_jobs(daemon, 3)
    await fail_next(daemon)

    async with daemon.client() as client:
        await client.ask("CancelJobs", {"jobIds": [2]})
        cleared = await client.ask("ClearJobs", parameters)
        jobs = (await client.ask("ListJobs"))["parameters"]["jobs"]

    assert cleared["parameters"] == {"count": 3 - len(left)}
    assert sorted(one["id"] for one in jobs) == left


async def test_a_job_that_has_ended_is_not_waited_for(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    await fail_next(daemon)

    async with daemon.client() as client:
        reply = await client.ask("WaitJob", {"jobId": job_id})
        none = await client.ask("WaitJob", {"jobId": 99})

    assert reply["parameters"]["job"]["state"] == "failed"
    assert none == {"error": f"{DARKROOM}.NoSuchJob", "parameters": {"jobId": 99}}


async def test_waiting_for_a_job_lasts_until_its_end(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id})

        await fail_next(daemon)

        reply = await client.reply()
    assert reply["parameters"]["job"]["state"] == "failed"
    assert "continues" not in reply


@pytest.mark.parametrize("more", [False, True], ids=["plain", "with-more"])
async def test_waiting_for_a_job_ends_after_the_time_that_was_given(daemon: Serving, more: bool) -> None:
    [job_id] = await add_jobs(daemon, 1)

    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id, "timeoutUsec": 20_000}, more=more)
        replies = [await client.reply() for _ in range(1 + more)]

    assert [reply.get("continues") for reply in replies[:-1]] == [True] * more
    assert replies[-1] == {"error": f"{DARKROOM}.TimedOut"}


async def test_with_more_the_job_is_sent_upon_each_change(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id}, more=True)
        replies = [await client.reply()]

        claim = await start_next(daemon)
        replies.append(await client.reply())
        await daemon.store.end(
            claim.item, Ending(ItemState.FAILED, failure=BROKEN), fence=claim.fence, now_usec=NOW
        )
        replies.append(await client.reply())

    states = [(reply["parameters"]["job"]["state"], reply.get("continues")) for reply in replies]
    assert states == [("queued", True), ("running", True), ("failed", None)]


async def test_with_more_the_job_is_sent_at_each_beat_too(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_handlers, "BEAT_SECONDS", 0.02)
    [job_id] = await add_jobs(daemon, 1)

    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id}, more=True)
        first, second = await client.reply(), await client.reply()

    assert first == second


async def test_whoever_waits_learns_that_the_daemon_stops(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id}, more=True)
        await client.reply()

        await daemon.server.stop()

        assert await client.reply() == {"error": f"{DARKROOM}.Stopping"}


async def test_whoever_hangs_up_while_waiting_makes_room_at_once(daemon: Serving) -> None:
    [job_id] = await add_jobs(daemon, 1)
    for _ in range(70):
        async with daemon.client() as client:
            await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id})
            await anyio.lowlevel.checkpoint()

    async with daemon.client() as client:
        assert "parameters" in await client.ask("GetQueue")


async def test_whoever_hangs_up_with_more_calls_waiting_than_are_read_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "CONNECTIONS_PER_USER", 1)
    monkeypatch.setattr(connection, "INBOUND_LIMIT_BYTES", 10)
    monkeypatch.setattr(connection, "LOOK_SECONDS", 0.02)
    async with serving(tmp_path) as daemon:
        [job_id] = await add_jobs(daemon, 1)
        async with daemon.client() as client:
            await client.ask("GetQueue")
            await client.call(f"{DARKROOM}.WaitJob", {"jobId": job_id})
            await client.call(f"{DARKROOM}.GetQueue")

        with anyio.fail_after(PATIENCE_SECONDS):
            while "error" in await ask_anew(daemon, "GetQueue"):
                continue


async def ask_anew(daemon: Serving, method: str) -> dict[str, Any]:
    async with daemon.client() as client:
        return await client.ask(method)
