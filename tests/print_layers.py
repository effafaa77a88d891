"""Prints the layers into `docs/architecture.md`, from the rules that a test holds the code to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from layers import MAY_IMPORT, ONLY_IN

PAGE: Final = Path(__file__).parents[1] / "docs" / "architecture.md"
BEGIN: Final = "<!-- {name} -->"
END: Final = "<!-- end -->"
EVERYTHING: Final = {"darkroom", "darkroomd"}


def edges(rules: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return each layer with the layers it may name, those that may name everything left out."""
    bounded = {layer: names for layer, names in rules.items() if not names >= EVERYTHING}
    named = {layer: {_layer(name, rules) for name in names} for layer, names in bounded.items()}
    return {layer: names & bounded.keys() - {layer} for layer, names in named.items()}


def _layer(name: str, layers: Mapping[str, object]) -> str:
    """Return the layer a name belongs to."""
    fitting = [layer for layer in layers if name == layer or name.startswith(f"{layer}.")]
    return max(fitting, key=len)


def reduced(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the graph without the edges that others imply."""
    return {
        layer: {
            name
            for name in names
            if not any(name in _reachable(graph, other) for other in names if other != name)
        }
        for layer, names in graph.items()
    }


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        layer = waiting.pop()
        if layer not in seen:
            seen.add(layer)
            waiting += graph[layer]
    return seen


def diagram() -> str:
    """Return the layers as a Mermaid flowchart, each above what it may name."""
    return "\n".join(("```mermaid", *_chart(), "```"))


def _chart() -> Iterator[str]:
    yield "flowchart TD"
    graph = reduced(edges(MAY_IMPORT))
    for layer in sorted(graph):
        yield f"    {_node(layer)}[{layer}]"
    for layer in sorted(graph):
        for name in sorted(graph[layer]):
            yield f"    {_node(layer)} --> {_node(name)}"


def _node(layer: str) -> str:
    return layer.replace(".", "_")


def table() -> str:
    """Return who may use which library alone."""
    rows = (
        f"| `{library}` | {', '.join(f'`{owner}`' for owner in owners)} |"
        for library, owners in sorted(ONLY_IN.items())
    )
    return "\n".join(("| library | used by nobody but |", "|---|---|", *rows))


def with_layers(page: str) -> str:
    """Return the page with diagram and table as they are by the rules."""
    for name, text in (("layers", diagram()), ("libraries", table())):
        begin = BEGIN.format(name=name)
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(END)
        if not found:
            raise ValueError(f"The page has no place for {name}.")
        page = f"{head}{begin}\n{text}\n{END}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_layers(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
