"""Who may import whom; the picture of the house that the code is held to."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from layers import IMPURE, MAY_IMPORT, ONLY_IN, PURE
from print_layers import PAGE, with_layers

TOP = Path(__file__).parents[2]
SOURCES = {"darkroom": TOP / "client", "darkroomd": TOP / "daemon"}


def modules() -> Iterator[tuple[str, Path]]:
    for name, source in SOURCES.items():
        for path in sorted((source / name).rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


@cache
def imports(path: Path, *, at_run_time: bool = False) -> tuple[str, ...]:
    """Return what a module names; many questions are asked about each, and it is read once."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(imported(tree.body if at_run_time else ast.walk(tree), path))


def imported(nodes: Iterable[ast.AST], path: Path) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in MODULES else module


def layer(module: str) -> str:
    fitting = [name for name in MAY_IMPORT if module == name or module.startswith(name + ".")]
    return max(fitting, key=len)


def within(module: str, names: object) -> bool:
    assert isinstance(names, (set, tuple))
    return any(module == name or module.startswith(f"{name}.") for name in names)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    own = layer(module)
    allowed = MAY_IMPORT[own]

    foreign = [
        name
        for name in imports(MODULES[module])
        if name.split(".")[0] in SOURCES
        and layer(name) != own
        and not within(name, allowed - {"darkroom"} if own.startswith("darkroom.") else allowed)
        and name not in allowed
    ]

    assert foreign == []


@pytest.mark.parametrize("module", [name for name in MODULES if within(name, PURE)])
def test_the_pure_layers_import_no_clock_disk_socket_or_chance(module: str) -> None:
    named = {name.split(".")[0] for name in imports(MODULES[module])}

    assert named & IMPURE == set()


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_used_by_its_owner_alone(library: str) -> None:
    users = [
        module
        for module, path in MODULES.items()
        if any(name.split(".")[0] == library for name in imports(path))
        and not within(module, ONLY_IN[library])
    ]

    assert users == []


@pytest.mark.parametrize(
    ("of_aio", "needed"),
    [pytest.param(False, {"msgspec"}, id="client"), pytest.param(True, {"msgspec", "anyio"}, id="aio")],
)
def test_the_client_needs_nothing_but_msgspec_and_anyio_where_it_is_asynchronous(
    of_aio: bool, needed: set[str]
) -> None:
    outside = {
        name.split(".")[0]
        for module, path in MODULES.items()
        if module.split(".")[0] == "darkroom" and within(module, ("darkroom.aio",)) is of_aio
        for name in imports(path)
    } - {"darkroom", "__future__"}

    assert outside - set(sys.stdlib_module_names) == needed


def test_no_import_goes_in_a_circle() -> None:
    graph = {
        module: {name for name in imports(path, at_run_time=True) if name in MODULES} - {module}
        for module, path in MODULES.items()
    }
    free: set[str] = set()

    for _ in graph:
        free |= {module for module, named in graph.items() if named <= free}

    assert set(graph) - free == set()


def test_the_page_about_the_architecture_is_what_the_rules_say() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert with_layers(page) == page
