"""`darkroom call`: any method of the protocol, as it is."""

from __future__ import annotations

import argparse
import sys
from typing import Any, TextIO

import msgspec

from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_USAGE, DarkroomError


class ParametersUnreadable(DarkroomError):
    """The parameters on the command line are no JSON object."""

    code = "ParametersUnreadable"
    exit_status = EXIT_USAGE

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The parameters are not a JSON object ({reason}); give one such as '{{\"limit\": 10}}'.",
            reason=reason,
        )


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Call the method and print its reply, or with `--more` each of its replies as it comes."""
    method: str = arguments.method
    parameters = parameters_in(_given(arguments.parameters))
    replies = client.stream(method, parameters) if arguments.more else [client.call(method, parameters)]
    for reply in replies:
        document = msgspec.json.encode(reply)
        screen.show_json([document if arguments.json else msgspec.json.format(document, indent=2)])
    return EXIT_DONE


def _given(text: str | None) -> str | bytes:
    return _standard_input() if text == "-" else text or "{}"


def _standard_input() -> bytes:
    # The types say that there is always one; `<&-` says otherwise.
    given: TextIO | None = sys.stdin
    if given is None:
        raise ParametersUnreadable("standard input is closed")
    try:
        return given.buffer.read()
    except OSError as error:
        raise ParametersUnreadable(error.strerror or str(error)) from error


def parameters_in(text: str | bytes) -> dict[str, Any]:
    """Return the parameters in a JSON document.

    Raises:
        ParametersUnreadable: it is not an object.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ParametersUnreadable(str(error)) from error
