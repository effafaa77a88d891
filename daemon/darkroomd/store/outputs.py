"""Outputs by themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from darkroom.errors import NoSuchOutput
from darkroomd.core.model import Happening, Output, OutputId
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.rows import output_from, output_values


def read_output(database: Database, output_id: OutputId) -> tuple[Output, Path]:
    """Return the output and the folder of its session; raise `NoSuchOutput`."""
    row = database.one("output_by_id", id=output_id)
    if row is None:
        raise NoSuchOutput(output_id)
    return output_from(row), Path(os.fsdecode(row["session_folder"]))


def put_outputs(database: Database, outputs: Sequence[Output], *, now_usec: int) -> list[Happening]:
    """Record outputs that stand in their places while the work on their photo goes on."""
    for output in outputs:
        put_output(database, output)
    journal = Journal(database, now_usec)
    for photo_id in dict.fromkeys(output.photo_id for output in outputs):
        journal.photo(photo_id)
    return journal.happenings


def put_output(database: Database, output: Output) -> None:
    """Record an output, and forget what another recipe had made in its place: that is no more."""
    values = output_values(output)
    database.run("delete_displaced_outputs", **values)
    database.run("put_output", **values)
