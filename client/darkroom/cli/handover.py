"""Jobs that a person asked for and waits for: shown until they have ended, and then what became of them."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli.following import PATIENCE_SECONDS, ended
from darkroom.cli.reckoning import LeftOut, reckon
from darkroom.cli.terminal import Screen, complain
from darkroom.client import Client
from darkroom.client.patience import Patience
from darkroom.errors import EXIT_DONE, EXIT_FAILED
from darkroom.protocol.types import JobState


def wait_for(
    client: Client,
    job_id: int,
    arguments: argparse.Namespace,
    screen: Screen,
    *,
    left: LeftOut | None = None,
) -> int:
    """Wait until the job has ended, tell what became of it, and return the exit status.

    `left` is what an export of some photos does not have of these; None: it has all of its session.
    Whoever does not want to wait any longer presses Ctrl-C: the job goes on.
    """
    patience = Patience(PATIENCE_SECONDS)
    # It has just answered: when it goes away from here on, it is waited for.
    patience.renew()
    try:
        job = ended(client, job_id, screen, quiet=arguments.json, patience=patience)
    except KeyboardInterrupt:
        complain(
            f"Job {job_id} goes on. `darkroom wait {job_id}` waits for it, and `darkroom cancel {job_id}` "
            "stops it."
        )
        raise
    if arguments.json:
        screen.show_json([msgspec.json.encode(job)])
    else:
        screen.show(reckon(client, job, left=left))
    return EXIT_DONE if job.state == JobState.COMPLETED else EXIT_FAILED


def next_step(job_id: int, *, paused: bool) -> str:
    """Return what to type about a job that was just made."""
    if paused:
        return f"It is paused: `darkroom resume {job_id}` starts it."
    return f"`darkroom wait {job_id}` waits for it."
