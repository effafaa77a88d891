"""The end of an event: develop what is left of a session, archive it, and tell what did not work.

deliver.py SESSION ARCHIVE
"""

import sys
from collections.abc import Iterator

from darkroom import Client, DarkroomError
from darkroom.client.paths import exact_path
from darkroom.protocol.types import ItemState, Job, JobState


def problems(client: Client, job: Job) -> Iterator[str]:
    """Yield a line for each photo that a job failed with."""
    for item in client.list_items(job.id, states=[ItemState.FAILED]):
        if item.photo_id is not None and item.failure is not None:
            photo = client.get_photo(item.photo_id)
            yield f"{exact_path(photo.original)}: {item.failure.message}"


def ended_well(client: Client, job_id: int | None) -> bool:
    """Wait for a job, also across a restart of the daemon, and say what went wrong in it."""
    if job_id is None:
        return True
    job = client.wait_job(job_id)
    print(f"{job.kind}: {job.state}, {job.progress.completed} done, {job.progress.skipped} skipped")
    for line in problems(client, job):
        print(line)
    return job.state == JobState.COMPLETED


def deliver(client: Client, name: str, archive: str) -> bool:
    """Export the session with this name and archive it; return whether all went well."""
    session = next((each for each in client.list_sessions() if each.name == name), None)
    if session is None:
        sys.exit(f"There is no session {name}.")
    exported = client.start_export(session.id)
    if not ended_well(client, exported.job_id):
        return False
    archived = client.start_archive([session.id], destination=archive)
    return ended_well(client, archived.job_id)


if __name__ == "__main__":
    try:
        with Client() as darkroom:
            sys.exit(0 if deliver(darkroom, *sys.argv[1:3]) else 1)
    except DarkroomError as error:
        sys.exit(error.message)
