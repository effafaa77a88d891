"""The client for anyio is the blocking one, but for the waiting."""

from __future__ import annotations

import ast
import inspect

import pytest

from darkroom.aio import AsyncClient
from darkroom.client import Client
from print_aio import PRINTED, TARGET, asynchronous, printed

PUBLIC = [name for name in dir(Client) if not name.startswith("_")]


def meaning(text: str) -> str:
    """Return what a module says, in whatever order it imports and however it is laid out."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            node.names.sort(key=lambda alias: alias.name)
    imports = [ast.dump(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [ast.dump(node) for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join([*sorted(imports), *others])


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_module_is_what_the_blocking_one_says(name: str) -> None:
    written = (TARGET / f"{name}.py").read_text(encoding="utf-8")

    assert meaning(written) == meaning(printed(name)), "Run tests/print_aio.py."


@pytest.mark.parametrize("name", PUBLIC)
def test_both_clients_take_the_same_words(name: str) -> None:
    blocking, awaited = getattr(Client, name), getattr(AsyncClient, name)

    assert inspect.signature(awaited).parameters == inspect.signature(blocking).parameters
    assert bool(inspect.getdoc(awaited))


def test_the_client_for_anyio_has_no_method_of_its_own() -> None:
    assert [name for name in dir(AsyncClient) if not name.startswith("_")] == PUBLIC


@pytest.mark.parametrize(
    ("blocking", "awaited"),
    [
        pytest.param("return self._ask(a, B)\n", "return await self._ask(a, B)\n", id="call"),
        pytest.param("return self._ask(a(b), C).d\n", "return (await self._ask(a(b), C)).d\n", id="field"),
        pytest.param("def _ask(self): ...\n", "def _ask(self): ...\n", id="definition"),
        pytest.param(
            "    def f(self) -> Generator[A, None, None]:\n        yield from page.lines\n",
            "    def f(self) -> AsyncGenerator[A, None]:\n"
            "        for entry in page.lines:\n            yield entry\n",
            id="entries",
        ),
        pytest.param(
            "    def f(self):\n        self._ask(a)\n\n    def g(self):\n        return 1\n",
            "    async def f(self):\n        await self._ask(a)\n\n    def g(self):\n        return 1\n",
            id="only-what-waits",
        ),
    ],
)
def test_waiting_is_put_where_it_belongs(blocking: str, awaited: str) -> None:
    assert asynchronous(blocking) == awaited
