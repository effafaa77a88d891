"""The interface `org.varlink.service`, which every Varlink service has."""

from __future__ import annotations

from darkroom.protocol.types import Input, Payload


class GetInfo(Input, frozen=True, kw_only=True):
    """Ask who the service is."""


class InfoReply(Payload, frozen=True, kw_only=True):
    """Who the service is and which interfaces it has."""

    vendor: str
    product: str
    version: str
    url: str
    interfaces: tuple[str, ...]


class GetInterfaceDescription(Input, frozen=True, kw_only=True):
    """Ask for the description of an interface."""

    interface: str


class DescriptionReply(Payload, frozen=True, kw_only=True):
    """An interface in the interface definition language."""

    description: str
