"""`darkroom session`: add, remove or look through one."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import folder_named, session_named
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable, sendable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, DarkroomError, NoSuchJob, SessionBusy
from darkroom.protocol.replies import AddedSessionReply, EmptyReply, RescanReply
from darkroom.protocol.types import JobOptions, Priority, Session


class SessionAtWork(DarkroomError):
    """A session is to be forgotten whose jobs have not ended."""

    code = "SessionAtWork"

    def __init__(self, name: str, job_ids: tuple[int, ...]) -> None:
        jobs = ", ".join(map(str, job_ids))
        super().__init__(
            f"The session {name} has jobs that have not ended ({jobs}). Wait for them, or "
            "give --cancel-jobs.",
            job_ids=job_ids,
        )


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Do what is asked of the session."""
    action = _ACTIONS[arguments.action]
    return action(client, arguments, screen)


def added(reply: AddedSessionReply, *, preset_id: str | None, job_id: int | None) -> list[str]:
    """Tell what became of a folder that was added with this preset, and which job develops what is in it."""
    folder = words.path_of(reply.session.folder)
    what = "is a session now" if reply.created else "was a session already"
    more = [] if job_id is None else [f"Job {job_id} develops what is in it."]
    if preset_id not in {None, reply.session.preset_id}:
        order = shlex.join(("darkroom", "session", "preset", reply.session.name, str(preset_id)))
        more.append(printable(f"It keeps the preset that it had: `{order}` gives it this one."))
    return [printable(f"{folder} {what}: {reply.session.name} ({reply.session.id})."), *more]


def rescanned(reply: RescanReply) -> list[str]:
    """Tell what is developed again."""
    if reply.job_id is None:
        return ["Nothing to do: every photo is developed and up to date, queued, or left out."]
    photos = "1 photo" if reply.item_count == 1 else f"{reply.item_count} photos"
    return [f"Job {reply.job_id} develops {photos}."]


def _add(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    reply = client.add_session(folder_named(arguments.folder), preset_id=sendable(arguments.preset))
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    else:
        screen.show(added(reply, preset_id=arguments.preset, job_id=_at_work(client, reply)))
    return EXIT_DONE


def _at_work(client: Client, reply: AddedSessionReply) -> int | None:
    """Return the job that develops what is in the session; where that was known, it may be long over."""
    if reply.job_id is None or reply.created:
        return reply.job_id
    try:
        is_over = client.get_job(reply.job_id).ended_at_usec is not None
    except NoSuchJob:
        return None
    return None if is_over else reply.job_id


def _remove(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    session = session_named(client, arguments.session)
    try:
        client.remove_session(session.id, cancel_jobs=arguments.cancel_jobs)
    except SessionBusy as error:
        raise SessionAtWork(session.name, error.job_ids) from error
    if arguments.json:
        screen.show_json([msgspec.json.encode(EmptyReply())])
    else:
        screen.show([printable(f"The session {session.name} is forgotten; its files are as they were.")])
    return EXIT_DONE


def _rescan(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    session = session_named(client, arguments.session)
    options = JobOptions(
        priority=None if arguments.priority is None else Priority(arguments.priority),
        paused=arguments.paused,
        label=sendable(arguments.label),
    )
    reply = client.rescan_session(session.id, options)
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    else:
        screen.show(rescanned(reply))
    return EXIT_DONE


def preset_set(session: Session) -> list[str]:
    """Tell what photos of a session are developed with from now on."""
    preset = "the default preset" if session.preset_id is None else f"the preset {session.preset_id}"
    return [printable(f"Photos that arrive in {session.name} from now on get {preset}.")]


def _preset(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    found = session_named(client, arguments.session)
    session = client.set_session_preset(found.id, None if arguments.default else sendable(arguments.preset))
    if arguments.json:
        screen.show_json([msgspec.json.encode(session)])
    else:
        screen.show(preset_set(session))
    return EXIT_DONE


_ACTIONS: Final[Mapping[str, Callable[[Client, argparse.Namespace, Screen], int]]] = {
    "add": _add,
    "remove": _remove,
    "rescan": _rescan,
    "preset": _preset,
}
