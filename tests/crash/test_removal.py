"""A session that is being removed with its jobs when the daemon is killed."""

from __future__ import annotations

import time
from pathlib import Path

from crash.nursery import nursery
from darkroom import Client
from darkroomd.core.cancellation import SESSION_REMOVED
from make import make_dng
from running import PATIENCE_SECONDS


def states_once(client: Client, session_id: str, state: str) -> list[str]:
    """Wait until the session's photo is in a state, but not for ever; return the states of all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with client.watch() as events:
        while states_of(client, session_id) != [state]:
            if events.next_within(max(0.0, deadline - time.monotonic())) is None:
                break
    return states_of(client, session_id)


def states_of(client: Client, session_id: str) -> list[str]:
    return [photo.state for photo in client.list_photos(session_id)]


def test_a_session_whose_removal_got_no_further_than_its_jobs_is_whole_again(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "session" / "Raw").mkdir(parents=True)
    make_dng(tmp_path / "session" / "Raw" / "A.DNG")
    arguments = ["--root", str(tmp_path / "root")]

    with nursery() as daemons:
        with daemons.daemon(tmp_path, arguments) as daemon:
            daemon.wait_for("ready")
            with Client(daemon.socket) as client:
                client.pause_queue()
                session_id = client.add_session(tmp_path / "session").session.id
                waiting = states_once(client, session_id, "waiting")
                client.cancel_jobs([job.id for job in client.list_jobs()], reason=SESSION_REMOVED)
                canceled = states_of(client, session_id)
            daemon.kill()
        with daemons.daemon(tmp_path, arguments) as daemon:
            daemon.wait_for("ready")
            with Client(daemon.socket) as client:
                client.resume_queue()
                after = states_once(client, session_id, "developed")
            daemon.stop()

    assert (waiting, canceled, after) == (["waiting"], ["failed"], ["developed"])
