"""What is wanted of every photo: one output by each recipe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.model import RAW_FOLDER, Photo
from darkroomd.core.naming import renamed_by
from darkroomd.core.recipes import SUFFIXES, Recipe
from darkroomd.core.wall_clock import wall_clock_usec

EVERY_RECIPE: Final = "jpg"
"""What items are queued as: one item takes its photo through all recipes, whatever they are called."""

Labels = Mapping[str, Mapping[str, str]]
"""By recipe, what tells apart the outputs of each RAW file of a session."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """What the daemon wants of every photo; `pipeline` is its version."""

    recipes: tuple[Recipe, ...]
    pipeline: str

    @property
    def folders(self) -> tuple[str, ...]:
        """The output folders inside a session, each one once."""
        return tuple(dict.fromkeys(recipe.folder for recipe in self.recipes))

    def labels(self, names: Collection[str]) -> Labels:
        """Return what tells apart the outputs of RAW files, which are all of a session."""
        return {recipe.name: recipe.names.labels(names) for recipe in self.recipes}

    def paths(self, photo: Photo, folder: Path, labels: Labels) -> dict[str, Path]:
        """Return by recipe where the outputs of a photo of the session in `folder` belong."""
        wall_usec = wall_clock_usec(photo)
        return {
            recipe.name: folder
            / recipe.folder
            / recipe.names.name(labels[recipe.name][photo.name], wall_usec=wall_usec)
            for recipe in self.recipes
        }

    def renamed_by(self, arrived: Collection[str], names: Collection[str]) -> tuple[str, ...]:
        """Return, in order, the RAW files whose outputs are called differently since others `arrived`."""
        kinds = {recipe.names.numbered for recipe in self.recipes}
        renamed = {name for numbered in kinds for name in renamed_by(arrived, names, numbered=numbered)}
        return tuple(sorted(renamed))


def former_folders(plan: OutputPlan, folder: Path, outputs: Iterable[Path]) -> tuple[str, ...]:
    """Return the folders in the session `folder` that hold outputs, and that no recipe writes into now."""
    parents = {output.parent for output in outputs}
    names = {parent.name for parent in parents if parent.parent == folder}
    return tuple(sorted(names - {*plan.folders, RAW_FOLDER}))


OUTPUT_SUFFIXES: Final = tuple(SUFFIXES.values())
"""How names of outputs end, whatever the recipe."""


def outputs_by_recipe(plan: OutputPlan, recipes: Iterable[str]) -> tuple[Recipe, ...]:
    """Return the recipes of these names, in the order of the plan."""
    wanted = set(recipes)
    return tuple(recipe for recipe in plan.recipes if recipe.name in wanted)
