"""`darkroom fetch`: the JPEG of a photo."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import exact_path, photos_named
from darkroom.cli.nearest import suggestion
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_NOT_FOUND, EXIT_USAGE, DarkroomError
from darkroom.protocol.types import Output, Photo


class NotDeveloped(DarkroomError):
    """The photo has no output yet, or none of this recipe."""

    code = "NotDeveloped"

    def __init__(self, photo: Photo) -> None:
        name = words.name_of(photo.original)
        why = (
            words.failure_of(photo.failure)
            or ("it is discarded; `darkroom restore` takes it back in." if photo.discarded else "")
            or f"it is {photo.state}; `darkroom watch` tells when that changes."
        )
        super().__init__(f"There is no JPEG of {name}: {why}", photo=photo.id, state=photo.state)


class NoSuchRecipe(DarkroomError):
    """The photo has outputs, but none of this recipe."""

    code = "NoSuchRecipe"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, recipe: str, recipes: tuple[str, ...]) -> None:
        hint = suggestion(recipe, recipes) or f" There is: {', '.join(recipes)}."
        super().__init__(f"There is no output of a recipe {recipe}.{hint}", recipe=recipe, recipes=recipes)


class FileExists(DarkroomError):
    """There is a file of the output's own name already."""

    code = "FileExists"
    exit_status = EXIT_USAGE

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is here already; say with -o FILE where to put it.", name=name)


class NotWritten(DarkroomError):
    """The copy cannot be written; what was there before is as it was."""

    code = "NotWritten"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path} cannot be written: {error.strerror or error}.", path=path)


class TwoOutputs(DarkroomError):
    """Standard output cannot hold both a picture and JSON."""

    code = "TwoOutputs"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("The picture and --json cannot both go to standard output; name a file with -o.")


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Copy the output to where it is wanted; the file appears whole or not at all."""
    to: str | None = arguments.output
    if to == "-" and arguments.json:
        raise TwoOutputs
    (photo,) = photos_named(client, [arguments.photo])
    output = output_of(photo, recipe=arguments.recipe)
    if to == "-":
        with client.open_output(output.id) as source:
            _pour(source)
        return EXIT_DONE
    target = _target(output, to)
    with client.open_output(output.id) as source:
        _keep(source, target)
    if arguments.json:
        screen.show_json([msgspec.json.encode(output)])
    else:
        screen.show([printable(f"{target}  {words.size(target.stat().st_size)}")])
    return EXIT_DONE


def output_of(photo: Photo, *, recipe: str | None) -> Output:
    """Return the photo's output of a recipe; None: the first.

    Raises:
        NotDeveloped: there is none yet.
        NoSuchRecipe: there is none of this recipe.
    """
    if not photo.outputs:
        raise NotDeveloped(photo)
    found = next((each for each in photo.outputs if recipe in {None, each.recipe}), None)
    if found is None:
        assert recipe is not None
        raise NoSuchRecipe(recipe, tuple(each.recipe for each in photo.outputs))
    return found


def _target(output: Output, to: str | None) -> Path:
    """Return where the copy goes: what was asked for, in a folder under the output's own name."""
    # A name of the daemon's is not trusted to stay in this folder.
    name = Path(exact_path(output.file)).name
    if to is None:
        if os.path.lexists(name):
            raise FileExists(name)
        return Path(name)
    return Path(to) / name if Path(to).is_dir() else Path(to)


def _pour(source: BinaryIO) -> None:
    """Write to standard output."""
    shutil.copyfileobj(source, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _keep(source: BinaryIO, target: Path) -> None:
    """Write a file beside the target, and then in its place.

    Raises:
        NotWritten: it cannot be.
    """
    try:
        if target.exists() and not target.is_file():
            # A device or pipe is written to; nothing takes its place.
            with target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        else:
            _replace(source, target)
    except OSError as error:
        raise NotWritten(str(target), error) from error


def _replace(source: BinaryIO, target: Path) -> None:
    part = target.parent / f".darkroom-{os.getpid()}.part"
    try:
        # One that an earlier process of this number has left must not be followed or kept.
        part.unlink(missing_ok=True)
        with part.open("xb") as sink:
            shutil.copyfileobj(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
