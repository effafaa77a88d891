"""What the service is: `org.varlink.service`."""

from __future__ import annotations

from typing import Final

from darkroom.errors import SERVICE_INTERFACE, InterfaceNotFound
from darkroom.protocol.contract import INTERFACES
from darkroom.protocol.describe import describe
from darkroom.protocol.service import DescriptionReply, GetInfo, GetInterfaceDescription, InfoReply
from darkroomd.api.requests import Handlers, Request

VENDOR: Final = "The darkroomd authors"
PRODUCT: Final = "darkroomd"
URL: Final = ""


class ServiceHandlers:
    """Answers about the service itself."""

    def __init__(self, *, version: str) -> None:
        self._info = InfoReply(
            vendor=VENDOR, product=PRODUCT, version=version, url=URL, interfaces=tuple(INTERFACES)
        )
        self._descriptions = {name: describe(interface) for name, interface in INTERFACES.items()}

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{SERVICE_INTERFACE}.GetInfo": self.get_info,
            f"{SERVICE_INTERFACE}.GetInterfaceDescription": self.get_interface_description,
        }

    async def get_info(self, _: Request[GetInfo]) -> InfoReply:
        """Return who the service is."""
        return self._info

    async def get_interface_description(self, request: Request[GetInterfaceDescription]) -> DescriptionReply:
        """Return the description of an interface; raise `InterfaceNotFound`."""
        interface = request.parameters.interface
        if interface not in self._descriptions:
            raise InterfaceNotFound(interface)
        return DescriptionReply(description=self._descriptions[interface])
