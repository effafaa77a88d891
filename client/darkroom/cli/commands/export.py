"""`darkroom export`: have a session developed now."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import msgspec

from darkroom.cli import outcomes, plans
from darkroom.cli.handover import next_step, wait_for
from darkroom.cli.naming import photos_in, session_named
from darkroom.cli.nearest import suggestion
from darkroom.cli.orders import job_options, new_correlation_id, planned
from darkroom.cli.reckoning import LeftOut, left_out, not_in_it
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_NOT_FOUND, DarkroomError, InvalidParameter, SessionBusy
from darkroom.protocol.replies import StartedReply
from darkroom.protocol.types import Photo, Session


class NoSuchRecipes(DarkroomError):
    """A recipe is named that the configuration does not have."""

    code = "NoSuchRecipes"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, recipes: tuple[str, ...], known: tuple[str, ...]) -> None:
        named = ", ".join(recipes)
        hint = next(filter(None, (suggestion(recipe, known) for recipe in recipes)), "")
        if known and not hint:
            hint = f" There is: {', '.join(known)}."
        super().__init__(f"The configuration has no recipe {named}.{hint}", recipes=recipes)


class ExportedElsewhere(DarkroomError):
    """Exports that run have the photos, and do less with them than is asked for now."""

    code = "ExportedElsewhere"

    def __init__(self, job_ids: tuple[int, ...]) -> None:
        jobs = ", ".join(map(str, job_ids))
        super().__init__(
            f"These photos are being exported already (job {jobs}), but not with all that is asked for now. "
            "Export again once that has ended.",
            job_ids=job_ids,
        )


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Start the export, and wait for it if that is wanted; or only tell what it would do."""
    session = session_named(client, arguments.session)
    chosen = photos_in(client, session, arguments.photos) if arguments.photos else None
    correlation_id = new_correlation_id() if arguments.dry_run else None
    reply = _start(client, session, chosen, arguments, correlation_id=correlation_id)
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    if correlation_id is not None:
        _tell_plan(client, session, correlation_id, arguments, screen)
        return EXIT_DONE
    if not arguments.json:
        left = _left_out(client, session, chosen, waited_for=arguments.wait and reply.job_id is not None)
        told = started(reply, session, left, waited_for=arguments.wait, paused=arguments.paused)
        screen.show([told])
    if reply.job_id is None or not arguments.wait:
        return EXIT_DONE
    some = None if chosen is None else _not_of(chosen)
    return wait_for(client, reply.job_id, arguments, screen, left=some)


def started(reply: StartedReply, session: Session, left: LeftOut, *, waited_for: bool, paused: bool) -> str:
    """Return which job develops how many photos, which are not in it, and what to type next, in one line."""
    if reply.job_id is None:
        return printable(" ".join((f"There is nothing to develop in {session.name}.", *not_in_it(left))))
    what = f"Job {reply.job_id} develops {outcomes.photos(reply.item_count)} of {session.name}"
    if not reply.created:
        what += ", as was asked before"
    then = [] if waited_for else [next_step(reply.job_id, paused=paused and reply.created)]
    return printable(" ".join((f"{what}.", *not_in_it(left), *then)))


def _left_out(
    client: Client, session: Session, chosen: Sequence[Photo] | None, *, waited_for: bool
) -> LeftOut:
    # Who waits is told in the end, when more may have come.
    if waited_for:
        return LeftOut()
    return left_out(client, session.id, begun=False) if chosen is None else _not_of(chosen)


def _not_of(chosen: Sequence[Photo]) -> LeftOut:
    return LeftOut(discarded=sum(photo.discarded for photo in chosen))


def _start(
    client: Client,
    session: Session,
    chosen: Sequence[Photo] | None,
    arguments: argparse.Namespace,
    *,
    correlation_id: str | None,
) -> StartedReply:
    recipes: list[str] | None = arguments.recipe
    try:
        return client.start_export(
            session.id,
            photo_ids=None if chosen is None else [photo.id for photo in chosen],
            recipes=None if recipes is None else [printable(recipe) for recipe in recipes],
            force=arguments.force or None,
            dry_run=arguments.dry_run or None,
            options=job_options(arguments, correlation_id=correlation_id),
        )
    except SessionBusy as error:
        raise ExportedElsewhere(error.job_ids) from error
    except InvalidParameter as error:
        if recipes is None or error.context["parameter"] != "recipes":
            raise
        raise NoSuchRecipes(tuple(recipes), known_recipes(client, session)) from error


def known_recipes(client: Client, session: Session) -> tuple[str, ...]:
    """Return the recipes that photos of a session have outputs of."""
    found = (output.recipe for photo in client.list_photos(session.id) for output in photo.outputs)
    return tuple(dict.fromkeys(found))


def _tell_plan(
    client: Client, session: Session, correlation_id: str, arguments: argparse.Namespace, screen: Screen
) -> None:
    """Tell of each photo whether it would be developed, and why."""
    lines = list(planned(client, correlation_id, "export_planned"))
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, lines))
    else:
        screen.show(plans.export_table(lines, width=screen.width, paint=screen.paint))
        screen.show(plans.export_planned(lines, session=session.name))
