"""What may have been meant, where the daemon does not know a name."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from darkroom.cli.nearest import suggestion
from darkroom.client import Client
from darkroom.errors import DarkroomError, InterfaceNotFound, MethodNotFound, NoSuchPreset


def hint(client: Client, error: DarkroomError) -> str:
    """Return ` Did you mean X?` where an error is about a name, and one that is known is like it."""
    with suppress(DarkroomError):
        return _hint(client, error)
    # Who cannot be asked has no better name to offer; the error itself is told all the same.
    return ""


def _hint(client: Client, error: DarkroomError) -> str:
    match error:
        case NoSuchPreset():
            names = [preset.id for preset in client.list_presets()]
            return _suggested(error, "preset_id", names) or f" There is: {', '.join(names)}."
        case InterfaceNotFound():
            return _suggested(error, "interface", client.interfaces())
        case MethodNotFound():
            from darkroom.protocol.methods import DAEMON_METHODS  # noqa: PLC0415 - only mistakes pay for it

            return _suggested(error, "method", (method.name for method in DAEMON_METHODS))
        case _:
            return ""


def _suggested(error: DarkroomError, fact: str, names: Iterable[str]) -> str:
    word = str(error.context[fact])
    return suggestion(word.rpartition(".")[2] if fact == "method" else word, names)
