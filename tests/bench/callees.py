"""Servers that `ipc.py` compares the daemon with; each answers the same question in a process of its own.

Run by it: python tests/bench/callees.py NAME SOCKET
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has a module of a name in this folder: it must not come first, nor at all.
sys.path.pop(0)

import importlib
from typing import Any, Final

import anyio

INFO: Final = {
    "vendor": "The darkroomd authors",
    "product": "darkroomd",
    "version": "0.1.0",
    "url": "",
    "interfaces": ["org.varlink.service", "io.darkroomd.Darkroom"],
}


def serve_varlink(path: Path) -> None:
    """Answer with the `varlink` package, which threads its connections."""
    import varlink  # type: ignore[import-untyped, unused-ignore] # noqa: PLC0415 - only where it runs

    about = {name: value for name, value in INFO.items() if name != "interfaces"}
    service = varlink.Service(**about)

    class Handler(varlink.RequestHandler):  # type: ignore[misc, unused-ignore] # untyped
        pass

    Handler.service = service
    with varlink.ThreadingServer(f"unix:{path}", Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


def serve_asyncvarlink(path: Path) -> None:
    """Answer with the `asyncvarlink` package."""
    from asyncvarlink import VarlinkInterfaceRegistry, create_unix_server  # noqa: PLC0415 - only where it runs
    from asyncvarlink.serviceinterface import VarlinkServiceInterface  # noqa: PLC0415 - same

    async def serve() -> None:
        registry = VarlinkInterfaceRegistry()
        about = {name: value for name, value in INFO.items() if name != "interfaces"}
        registry.register_interface(VarlinkServiceInterface(registry=registry, **about))  # type: ignore[arg-type]
        server = await create_unix_server(registry.protocol_factory, path)
        async with server:
            await anyio.sleep_forever()

    anyio.run(serve)


def serve_aiohttp(path: Path) -> None:
    """Answer over HTTP with the `aiohttp` package."""
    web: Any = importlib.import_module("aiohttp.web")

    async def answer(_: object) -> object:
        return web.json_response(INFO)

    app = web.Application()
    app.router.add_get("/info", answer)
    web.run_app(app, path=str(path), print=None, access_log=None)


if __name__ == "__main__":
    _, name, socket_path = sys.argv
    serve = {"varlink": serve_varlink, "asyncvarlink": serve_asyncvarlink, "aiohttp": serve_aiohttp}[name]
    serve(Path(socket_path))
