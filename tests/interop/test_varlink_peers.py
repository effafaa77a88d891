"""Varlink programs that others wrote, and tools that know nothing of it, against our socket."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess
from typing import Any

import anyio
import pytest
import varlink
from anyio import to_thread
from asyncvarlink import VarlinkClientProtocol, VarlinkMethodCall, connect_unix_varlink
from asyncvarlink.serviceinterface import VarlinkServiceInterface

from api_server import PATIENCE_SECONDS, Serving, serving
from darkroom.protocol.contract import DARKROOM, METRICS, SERVICE
from darkroom.protocol.methods import METHODS

pytestmark = pytest.mark.anyio

INTERFACE = "io.darkroomd.Darkroom"
VARLINKCTL = shutil.which("varlinkctl")


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        session = await daemon.add_session()
        for number in range(3):
            await daemon.add_photo(session, f"{number}.NEF")
        yield daemon


async def run(*command: str) -> CompletedProcess[bytes]:
    with anyio.fail_after(PATIENCE_SECONDS):
        return await anyio.run_process(command, stdin=DEVNULL, check=False)


async def pypi_varlink(*arguments: str) -> CompletedProcess[bytes]:
    return await run(sys.executable, "-m", "varlink.cli", *arguments)


async def test_the_varlink_command_shows_the_service(daemon: Serving) -> None:
    shown = await pypi_varlink("info", f"unix:{daemon.path}")

    lines = [line.strip() for line in shown.stdout.decode().splitlines()]
    assert shown.returncode == 0
    assert "Product: darkroomd" in lines
    assert lines[-3:] == [SERVICE.name, DARKROOM.name, METRICS.name]


@pytest.mark.parametrize("interface", [DARKROOM, SERVICE], ids=lambda interface: interface.name)
async def test_the_varlink_command_understands_the_descriptions(daemon: Serving, interface: Any) -> None:
    shown = await pypi_varlink("help", f"unix:{daemon.path}/{interface.name}")

    assert shown.returncode == 0
    assert f"interface {interface.name}" in shown.stdout.decode()


async def test_the_varlink_command_calls_and_streams(daemon: Serving) -> None:
    called = await pypi_varlink("call", f"unix:{daemon.path}/{INTERFACE}.GetSummary")
    listed = await pypi_varlink(
        "call", "-m", f"unix:{daemon.path}/{INTERFACE}.ListPhotos", '{"sessionId":"wedding-1","limit":2}'
    )

    assert json.loads(called.stdout)["summary"]["queue"]["queuedItems"] == 3
    assert listed.stdout.count(b'"photos"') == 2


async def test_the_varlink_library_sees_every_method_and_the_errors_by_name(daemon: Serving) -> None:
    def talk() -> tuple[list[str], dict[str, Any], str]:
        with varlink.Client(f"unix:{daemon.path}") as client, client.open(INTERFACE) as darkroom:
            methods = [name for name in METHODS if hasattr(darkroom, name)]
            job = darkroom.GetJob(jobId=1)
            with pytest.raises(varlink.VarlinkError) as refused:
                darkroom.GetPhoto(photoId="nobody")
            return methods, job, str(refused.value.error())

    methods, job, error = await to_thread.run_sync(talk)

    assert methods == list(METHODS)
    assert job["job"]["id"] == 1
    assert error == f"{INTERFACE}.NoSuchPhoto"


async def test_asyncvarlink_calls_ahead_and_streams(daemon: Serving) -> None:
    transport, protocol = await connect_unix_varlink(VarlinkClientProtocol, daemon.path)
    try:
        with anyio.fail_after(PATIENCE_SECONDS):
            info = await protocol.make_proxy(VarlinkServiceInterface).GetInfo()
            called = await protocol.call(VarlinkMethodCall(f"{INTERFACE}.GetHealth", {}))
            pages = [
                reply
                async for reply, _ in protocol.call_more(
                    VarlinkMethodCall(f"{INTERFACE}.ListJobs", {"limit": 2}, more=True)
                )
            ]
    finally:
        transport.close()

    assert info["product"] == "darkroomd"
    assert called is not None
    assert called[0].error is None
    assert [len(page.parameters["jobs"]) for page in pages] == [2, 1]


@pytest.mark.skipif(VARLINKCTL is None, reason="varlinkctl, a part of systemd, is not installed")
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["info"], id="info"),
        pytest.param(["list-methods"], id="list-methods"),
        pytest.param(["introspect", "{path}", INTERFACE], id="introspect"),
        pytest.param(["call", "{path}", f"{INTERFACE}.GetSummary", "{}"], id="call"),
        pytest.param(["--more", "call", "{path}", f"{INTERFACE}.ListJobs", '{"limit":2}'], id="more"),
    ],
)
async def test_varlinkctl_gets_on_with_the_daemon(daemon: Serving, arguments: list[str]) -> None:
    given = [str(daemon.path) if argument == "{path}" else argument for argument in arguments]
    command = given if str(daemon.path) in given else [*given, str(daemon.path)]

    done = await run(str(VARLINKCTL), *command)

    assert (done.returncode, done.stderr) == (0, b"")


def exchange_in_a_shell(path: Path, data: bytes) -> bytes:
    """Do what `nc -N -U` does: send, close the sending half, read to the end."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(path))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["line", "line-of-windows", "no-line"])
async def test_a_line_from_a_shell_is_answered_with_a_line(daemon: Serving, end: bytes) -> None:
    call = f'{{"method":"{INTERFACE}.GetSummary"}}'.encode() + end

    answer = await to_thread.run_sync(exchange_in_a_shell, daemon.path, call)

    assert answer.endswith(b"}\n")
    assert b"\0" not in answer
    assert json.loads(answer)["parameters"]["summary"]["text"] == "3 waiting."


async def test_a_shell_can_watch_line_by_line(daemon: Serving) -> None:
    call = f'{{"method":"{INTERFACE}.Watch","more":true}}\n'.encode()
    async with daemon.client() as client:
        client.terminator = b"\n"
        await client.send(call)
        await client.stream.send_eof()
        ready = await client.event()

        await daemon.add_session("party")

        added = await client.event()
    assert (ready["kind"], added["kind"]) == ("ready", "session.added")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_is_not_kept_waiting(daemon: Serving) -> None:
    done = await run(
        "curl", "--silent", "--max-time", "5", "--unix-socket", str(daemon.path), "http://localhost/"
    )

    timed_out = 28
    assert done.returncode not in {0, timed_out}
