"""What of a configuration can be followed, and is hardly what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from darkroomd.config import Config, Layer, flaw_of
from darkroomd.core.flaws import Flaw, Misfit
from darkroomd.core.intake import RAW_EXTENSIONS
from darkroomd.core.layers import holds
from darkroomd.core.recipes import Anchor, Format
from darkroomd.core.toml_text import shown
from darkroomd.sections import RecipeSection

_LOSSY = (Format.JPEG, Format.WEBP)


def advice(config: Config, layers: Sequence[Layer]) -> tuple[Flaw, ...]:
    """Return what a person may want to look at, with the place; nothing of what is only a default."""
    doubts = (
        *_of_folders(config),
        *_of_extensions(config),
        *_of_access(config),
        *_of_recipes(config),
        *_of_times(config),
    )
    return tuple(
        flaw_of(doubt, layers)
        for doubt in doubts
        if any(holds(layer.document, doubt.path) for layer in layers)
    )


def _of_folders(config: Config) -> Iterator[Misfit]:
    for key, folders in (("roots", config.roots), ("sessions", config.sessions)):
        for number, folder in enumerate(folders):
            if PurePath(folder) in map(PurePath, folders[:number]):
                yield Misfit((key, number), f"{shown(folder)} is named twice", "Remove one of the two.")
    roots = set(map(PurePath, config.roots))
    for number, folder in enumerate(config.sessions):
        if PurePath(folder).parent in roots:
            problem = f"{shown(folder)} is a session of a root that is watched as well"
            yield Misfit(("sessions", number), problem, "It needs no line of its own.")


def _of_extensions(config: Config) -> Iterator[Misfit]:
    for number, extension in enumerate(config.intake.extensions):
        path = ("intake", "extensions", number)
        if extension.lower().lstrip("*.") not in RAW_EXTENSIONS:
            yield Misfit(
                path, f"{shown(extension)} is no RAW file that is known", "Correct it, or remove it."
            )
        elif extension.lower() not in RAW_EXTENSIONS:
            yield Misfit(path, f"{shown(extension)} is the end of no name", "Write it without the dot.")


def _of_access(config: Config) -> Iterator[Misfit]:
    if not config.socket.group:
        for key in ("group_role", "allowed_roots"):
            problem = "this says nothing without a group"
            yield Misfit(("socket", key), problem, "Set socket.group, or remove this line.")


def _of_recipes(config: Config) -> Iterator[Misfit]:
    for number, recipe in enumerate(config.recipe):
        for key, why in _idle_keys(recipe):
            yield Misfit(("recipe", number, *key.split(".")), f"this says nothing {why}", "Remove this line.")


def _idle_keys(recipe: RecipeSection) -> Iterator[tuple[str, str]]:
    """Yield keys of a recipe that change nothing, and why."""
    if recipe.format not in _LOSSY:
        yield "quality", f"for {recipe.format}, which loses nothing"
    if recipe.format is not Format.JPEG:
        yield "subsampling", f"for {recipe.format}"
    sizes = (recipe.long_edge, recipe.short_edge, recipe.box, recipe.megapixels)
    if all(size is None for size in sizes):
        yield "enlarge", "without a size"
    if recipe.overlay is not None and recipe.overlay.place is Anchor.FRAME:
        yield "overlay.scale_percent", "for a frame, which covers the whole picture"


def _of_times(config: Config) -> Iterator[Misfit]:
    intake = config.intake
    if intake.patient_seconds < intake.quiet_seconds:
        problem = f"{shown(intake.patient_seconds)} is less than quiet_seconds, {shown(intake.quiet_seconds)}"
        remedy = "Make it longer: it is for disks on which nobody can tell whether a file is still open."
        yield Misfit(("intake", "patient_seconds"), problem, remedy)
    for number, window in enumerate(config.schedule.allow):
        start, _, end = window.partition("-")
        if start.strip() == end.strip():
            problem = f"{shown(window)} is the whole day"
            yield Misfit(("schedule", "allow", number), problem, "Remove the line, or give it another end.")
