"""The protocol's own conformance test, hosted on our server classes, and the mirror of it for our client."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Final, TypeAlias

import anyio
import msgspec
import pytest
import varlink
from anyio import to_thread
from varlink.tests import test_certification as reference

from api_server import PATIENCE_SECONDS
from darkroom import Client
from darkroom.errors import RemoteError
from darkroom.protocol.interface import Method, More
from darkroom.protocol.service import DescriptionReply, GetInfo, GetInterfaceDescription, InfoReply
from darkroom.protocol.types import Input, Payload
from darkroomd.api.dispatch import Dispatcher
from darkroomd.api.listener import open_listener
from darkroomd.api.reception import Reception
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.access import AccessPolicy
from darkroomd.services.metering import Meters

pytestmark = pytest.mark.anyio

SERVICE: Final = "org.varlink.service"
CERTIFICATION: Final = "org.varlink.certification"
CLIENT_ID: Final = "c1"
PI = math.pi

Object: TypeAlias = dict[str, Any]

SIMPLE: Final[Object] = {"bool": False, "int": 2, "float": PI, "string": "a lot of string"}
MAPPED: Final[Object] = {"foo": "Foo", "bar": "Bar"}
STRINGS: Final[Object] = {"one": {}, "two": {}, "three": {}}
EVERYTHING: Final[Object] = {
    "object": {"method": f"{CERTIFICATION}.Test09", "parameters": {"map": MAPPED}},
    "enum": "two",
    "struct": {"first": 1, "second": "2"},
    "array": ["one", "two", "three"],
    "dictionary": MAPPED,
    "stringset": STRINGS,
    "interface": {
        "foo": [None, {"foo": "foo", "bar": "bar"}, None, {"one": "foo", "two": "bar"}],
        "anon": {"foo": True, "bar": False},
    },
}
NUMBERED: Final = [f"Reply number {number}" for number in range(1, 11)]

STEPS: Final[dict[str, tuple[Object, Object]]] = {
    "Start": ({}, {"client_id": CLIENT_ID}),
    "Test01": ({}, {"bool": True}),
    "Test02": ({"bool": True}, {"int": 1}),
    "Test03": ({"int": 1}, {"float": 1.0}),
    "Test04": ({"float": 1.0}, {"string": "ping"}),
    "Test05": ({"string": "ping"}, SIMPLE),
    "Test06": (SIMPLE, {"struct": SIMPLE}),
    "Test07": ({"struct": SIMPLE}, {"map": MAPPED}),
    "Test08": ({"map": MAPPED}, {"set": STRINGS}),
    "Test09": ({"set": STRINGS}, {"mytype": EVERYTHING}),
    "Test10": ({"mytype": EVERYTHING}, {"string": NUMBERED[-1]}),
    "Test11": ({"last_more_replies": NUMBERED}, {}),
    "End": ({}, {"all_ok": True}),
}
"""What each method must be called with, beside the client's id, and what it replies."""


def struct(name: str, values: Object, base: type[Any]) -> type[Any]:
    """Return a type with these fields, called on the wire as they are here."""
    fields = [(field, type(value)) for field, value in values.items()]
    names = {field: field for field in values}
    return msgspec.defstruct(name, fields, bases=(base,), frozen=True, kw_only=True, rename=names)


def parameters_of(name: str) -> Object:
    return STEPS[name][0] if name == "Start" else {"client_id": CLIENT_ID, **STEPS[name][0]}


METHODS: Final = {
    f"{SERVICE}.GetInfo": Method(GetInfo, InfoReply),
    f"{SERVICE}.GetInterfaceDescription": Method(GetInterfaceDescription, DescriptionReply),
    **{
        f"{CERTIFICATION}.{name}": Method(
            struct(name, parameters_of(name), Input),
            struct(f"{name}Reply", reply, Payload),
            More.REQUIRED if name == "Test10" else More.NEVER,
        )
        for name, (_, reply) in STEPS.items()
    },
}


class Certifier:
    """Answers as the reference service does; keeps what it was asked, and what of that was not right."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.wrong: list[tuple[str, Object]] = []
        text = resources.files("varlink.tests").joinpath(f"{CERTIFICATION}.varlink").read_text("utf-8")
        self._description = text

    def table(self) -> Handlers:
        own = {f"{CERTIFICATION}.{name}": self.certify for name in STEPS}
        return {
            f"{SERVICE}.GetInfo": self.get_info,
            f"{SERVICE}.GetInterfaceDescription": self.get_interface_description,
            **own,
        }

    async def get_info(self, _: Request[GetInfo]) -> InfoReply:
        return InfoReply(vendor="v", product="p", version="1", url="", interfaces=(SERVICE, CERTIFICATION))

    async def get_interface_description(self, _: Request[GetInterfaceDescription]) -> DescriptionReply:
        return DescriptionReply(description=self._description)

    async def certify(self, request: Request[Any]) -> Payload:
        name = type(request.parameters).__name__
        given = msgspec.to_builtins(request.parameters)
        kind: Any = METHODS[f"{CERTIFICATION}.{name}"].reply
        self.asked.append(name)
        self.wrong += [(name, given)] if without_nulls(given) != parameters_of(name) else []
        for text in NUMBERED[:-1] if request.stream is not None else []:
            assert request.stream is not None
            await request.stream(kind(string=text))
        return kind(**STEPS[name][1])  # type: ignore[no-any-return] # made above


def without_nulls(given: Object) -> Object:
    """Return what was given without members that are null, which mean the same as none."""
    return {
        name: {key: entry for key, entry in value.items() if entry is not None}
        if isinstance(value, dict)
        else value
        for name, value in given.items()
    }


@asynccontextmanager
async def hosted(path: Path) -> AsyncGenerator[Certifier, None]:
    """Host the certification service on the daemon's own classes."""
    certifier, access = Certifier(), AccessPolicy(owner_uid=os.getuid())
    dispatcher = Dispatcher(certifier.table(), access, METHODS)
    async with open_listener(path) as listener, anyio.create_task_group() as group:
        reception = Reception(listener, dispatcher.answer, access=access, meters=Meters())
        await group.start(reception.run)
        yield certifier
        with anyio.fail_after(PATIENCE_SECONDS):
            await reception.stop()


async def test_our_server_is_certified_by_the_reference_client(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "varlink.tests.test_certification", "--client"]
    async with hosted(tmp_path / "c.sock") as certifier:
        with anyio.fail_after(PATIENCE_SECONDS):
            done = await anyio.run_process(
                [*command, f"--varlink=unix:{tmp_path}/c.sock"], stdin=DEVNULL, check=False
            )

    assert done.returncode == 0, done.stderr.decode()
    assert b"Certification passed" in done.stdout
    assert (certifier.asked, certifier.wrong) == (list(STEPS), [])


@contextmanager
def reference_service(path: Path) -> Generator[None]:
    """Run the reference service in a thread."""
    with varlink.ThreadingServer(f"unix:{path}", reference.ServiceRequestHandler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(PATIENCE_SECONDS)


def be_certified(path: Path) -> Object:
    """Walk through the certification with our client; return the last reply."""
    with Client(path, timeout=PATIENCE_SECONDS) as client:
        client_id = client.call(f"{CERTIFICATION}.Start")["client_id"]
        asked: Object = {}
        for name in list(STEPS)[1:10]:
            asked = client.call(f"{CERTIFICATION}.{name}", {"client_id": client_id, **asked})
            asked.pop("client_id", None)
        numbered = [
            reply["string"]
            for reply in client.stream(f"{CERTIFICATION}.Test10", {"client_id": client_id, **asked})
        ]
        assert numbered == NUMBERED
        with pytest.raises(RemoteError) as refused:
            client.call(f"{CERTIFICATION}.Test11", {"client_id": client_id, "last_more_replies": numbered})
        return refused.value.parameters


async def test_our_client_is_certified_by_the_reference_service(tmp_path: Path) -> None:
    path = tmp_path / "r.sock"
    with reference_service(path):
        refused = await to_thread.run_sync(be_certified, path)

    # The last step wants to be called without an answer, which nothing in our protocol is for.
    assert refused["wants"]["oneway"] is True
    assert "oneway" not in refused["got"]
