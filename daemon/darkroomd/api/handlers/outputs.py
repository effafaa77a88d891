"""Outputs, handed over as open files."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.calls import OpenOutput
from darkroom.protocol.replies import OpenedOutputReply
from darkroomd.api import views
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.model import OutputId
from darkroomd.services.outputs import Outputs


class OutputHandlers:
    """Opens outputs for callers, who need no right to the folder."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {f"{DARKROOM_INTERFACE}.OpenOutput": self.open_output}

    async def open_output(self, request: Request[OpenOutput]) -> OpenedOutputReply:
        """Pass an output as an open file; raise `NoSuchOutput`."""
        output, file = await self._outputs.open(OutputId(request.parameters.output_id))
        index = request.caller.enclose(file)
        return OpenedOutputReply(file_descriptor=index, output=views.output(output))
