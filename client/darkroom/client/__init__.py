"""The blocking client: one connection for calls, one for each stream."""

from darkroom.client.blocking import Client
from darkroom.client.inhibition import Inhibition
from darkroom.client.watching import EventStream

__all__ = ["Client", "EventStream", "Inhibition"]
