"""Outputs, opened for whoever asks for them."""

from __future__ import annotations

import os
from functools import partial
from io import FileIO
from typing import Final

from darkroom.errors import DarkroomError, NoSuchOutput
from darkroomd.core.model import Output, OutputId
from darkroomd.core.wording import readable
from darkroomd.files.outputs import open_recorded
from darkroomd.services.disks import Disks
from darkroomd.store.front import Front
from darkroomd.store.outputs import read_output

DISK_SECONDS: Final = 10.0
"""How long a disk may take to open a file and, where its time says nothing, to read it through."""


class OutputUnreadable(DarkroomError):
    """The system does not let us open an output."""

    code = "output.unreadable"

    def __init__(self, output: Output, problem: str) -> None:
        path = readable(output.path)
        super().__init__(
            f"The picture {path} cannot be opened ({problem}). Put that right and try again.", path=path
        )


class Outputs:
    """Opens outputs."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    async def open(self, output_id: OutputId) -> tuple[Output, FileIO]:
        """Return the record of an output and its file, open for reading, which the caller closes.

        Raises:
            NoSuchOutput: it is not known, or its file is gone or another one.
            OutputUnreadable: the disk refuses.
        """
        output, session = await self._front.read(lambda database: read_output(database, output_id))
        try:
            file = await self._disks.do(output.path, partial(open_recorded, output, session))
        except OSError as error:
            raise OutputUnreadable(output, os.strerror(error.errno or 0)) from error
        if file is None:
            raise NoSuchOutput(output_id)
        return output, file
