"""Outputs by themselves."""

from __future__ import annotations

import os
from pathlib import Path

from darkroom.errors import NoSuchOutput
from darkroomd.core.model import Output, OutputId
from darkroomd.store.database import Database
from darkroomd.store.rows import output_from


def read_output(database: Database, output_id: OutputId) -> tuple[Output, Path]:
    """Return the output and the folder of its session; raise `NoSuchOutput`."""
    row = database.one("output_by_id", id=output_id)
    if row is None:
        raise NoSuchOutput(output_id)
    return output_from(row), Path(os.fsdecode(row["session_folder"]))
