"""Before a photo is developed: which of its outputs are made, and where they are written. It blocks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from darkroomd.core.due import to_make
from darkroomd.core.model import Claim
from darkroomd.core.naming import part_name
from darkroomd.core.output_plan import Labels, OutputPlan, outputs_by_recipe
from darkroomd.core.recipes import Recipe
from darkroomd.files.folders import make_folder
from darkroomd.services.survey import verdicts


@dataclass(frozen=True, slots=True)
class Draft:
    """An output that is about to be made; `part` is where it is written first."""

    recipe: Recipe
    part: Path


@dataclass(frozen=True, slots=True)
class Drafts:
    """The outputs of one photo that are about to be made, and how they will be called."""

    plan: OutputPlan
    claim: Claim
    labels: Labels
    each: tuple[Draft, ...]

    def finals(self, *, captured_at_usec: int | None, zone_minutes: int | None) -> tuple[Path, ...]:
        """Return where the outputs belong, in their order, now that the camera's time and zone are known."""
        photo = replace(self.claim.photo, captured_at_usec=captured_at_usec, zone_minutes=zone_minutes)
        paths = self.plan.paths(photo, self.claim.session.folder, self.labels)
        return tuple(paths[one.recipe.name] for one in self.each)


def draft(
    plan: OutputPlan, claim: Claim, names: Collection[str], *, chosen: Collection[str] | None = None
) -> Drafts:
    """Choose the outputs of the claimed photo that are due, and make their folders.

    `names` are the RAW files of the session. `chosen` are the recipes to be followed; None: those that the
    background follows.

    Raises:
        FolderIsLink, OSError: a folder cannot be made.
    """
    photo, folder = claim.photo, claim.session.folder
    labels = plan.labels({*names, photo.name})
    recipes = plan.recipes if chosen is None else outputs_by_recipe(plan, chosen)
    if chosen is None and len(recipes) > 1:
        paths = plan.paths(photo, folder, labels)
        judged = verdicts(photo, photo.fingerprint, paths, plan)
        recipes = outputs_by_recipe(plan, to_make(judged))
    for name in dict.fromkeys(recipe.folder for recipe in recipes):
        make_folder(folder / name)
    drafts = (
        Draft(
            recipe,
            folder / recipe.folder / part_name(labels[recipe.name][photo.name] + recipe.suffix, claim.fence),
        )
        for recipe in recipes
    )
    return Drafts(plan, claim, labels, tuple(drafts))
