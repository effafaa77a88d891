"""A photo and its files as an archive takes them, and which of these are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from darkroomd.core.archive_plan import ArchivePlan, Entry, Placed, Placement, Source
from darkroomd.core.archive_request import Contents
from darkroomd.core.archive_sources import OutputName, tails_of
from darkroomd.core.freshness import is_same_file
from darkroomd.core.model import Output, Photo, PhotoId
from darkroomd.core.wall_clock import wall_clock_usec


def entry_of(photo: Photo, beside: Mapping[str, int], *, recipes: Sequence[str]) -> Entry:
    """Return a photo with its files in `Raw/` and its outputs by these recipes, the first one first.

    `beside` are the sizes of its files in `Raw/`, its RAW file among them if that is there.
    """
    outputs = [output for recipe in recipes for output in photo.outputs if output.recipe == recipe]
    names = (photo.name, *(name for name in beside if name != photo.name))
    tails = tails_of(photo.name, names, [OutputName(one.recipe, one.path.suffix) for one in outputs])
    sources = [
        Source(
            photo.raw.with_name(name),
            tail,
            beside.get(name, photo.fingerprint.size_bytes),
            _raw_sha256(photo) if name == photo.name else None,
        )
        for name, tail in tails.beside.items()
    ]
    sources += [
        Source(output.path, tail, output.size_bytes, output.sha256)
        for output, tail in zip(outputs, tails.outputs, strict=True)
    ]
    return Entry(photo.id, photo.session_id, photo.name, wall_clock_usec(photo), tuple(sources))


def wanted_of(placed: Iterable[Placed], photo: Photo, contents: Contents) -> tuple[Placed, ...]:
    """Return those of a photo's files that are asked for."""
    if contents is Contents.BOTH:
        return tuple(placed)
    outputs = {output.path for output in photo.outputs}
    return tuple(one for one in placed if (one.source.path in outputs) is (contents is Contents.OUTPUTS))


def bytes_needed(
    plan: ArchivePlan, photos: Mapping[PhotoId, Photo], left: Iterable[PhotoId], contents: Contents
) -> int:
    """Return how many bytes are still to be copied of these photos."""
    placements: list[tuple[PhotoId, Placement]] = [
        (photo_id, plan.placements[photo_id]) for photo_id in left if photo_id in plan.placements
    ]
    return sum(
        placed.source.size_bytes
        for photo_id, placement in placements
        for placed in wanted_of(placement.missing, photos[photo_id], contents)
    )


def is_planned_as(before: Photo, now: Photo) -> bool:
    """Tell whether a place that was found for a photo is still right for it."""

    def facts(photo: Photo) -> tuple[object, ...]:
        outputs = [(output.recipe, output.path, output.sha256) for output in photo.outputs]
        return photo.raw, photo.fingerprint, wall_clock_usec(photo), outputs

    return facts(before) == facts(now)


def _raw_sha256(photo: Photo) -> str | None:
    """Return the hash of the RAW file as it was when an output was made of it, if it is still that file."""
    made_of: list[Output] = [
        output for output in photo.outputs if is_same_file(photo.fingerprint, output.inputs.raw)
    ]
    return made_of[0].inputs.raw_sha256 if made_of else None
