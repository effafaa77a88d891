"""Prints the modules that the client for anyio shares with the blocking one, from those.

What differs is a table of words; what has to be awaited is a list of calls. The imports are put in order
afterwards, by ruff.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "client" / "darkroom" / "client"
TARGET: Final = SOURCE.with_name("aio")

PRINTED: Final = (
    "daemon",
    "developing",
    "inhibition",
    "jobs",
    "photos",
    "places",
    "queue",
    "records",
    "sessions",
    "watching",
)
"""Modules that are the same but for the waiting."""

_OWN: Final = "|".join((*PRINTED, "connection", "exchange", "patience"))

WORDS: Final = (
    (rf"from darkroom\.client\.({_OWN}) import", r"from darkroom.aio.\1 import"),
    (r"\bGenerator\[(.*), None, None\]", r"AsyncGenerator[\1, None]"),
    (r"\b(Iterator|Generator)\b", r"Async\1"),
    (r"AsyncAsync", r"Async"),
    (r"\bwith (client|self)\.watch\(", r"async with \1.watch("),
    (r"\bwith client\.(inhibit|open_output)\(", r"with await client.\1("),
    (r"\bwith await client\.inhibit", r"async with await client.inhibit"),
    (r"\bdef __(enter|exit)__", r"async def __a\1__"),
    (r"__next__", r"__anext__"),
    (r"\bwith closing\(", r"async with aclosing("),
    (r"import closing", r"import aclosing"),
    (r"\bfor (\w+) in (answers:|self\.(list_sessions|list_photos|watch_job)\()", r"async for \1 in \2"),
    (r"(?m)^( *)for event in events:", r"\1async for event in events:"),
    (r"(?m)^( *)yield from (.*)$", r"\1for entry in \2:\n\1    yield entry"),
    (r"Callable\[\[calls\.Watch\], Connection\]", r"Callable[[calls.Watch], Awaitable[Connection]]"),
    (r"import Callable", r"import Awaitable, Callable"),
)
"""Patterns and what stands for them, in this order."""

AWAITED: Final = re.compile(
    r"(?<!def )\b(self\._(?:ask|ask_once|start|open_stream|next|received|look_for)"
    r"|(?:self\._)?connection\.(?:receive|receive_within)"
    r"|events\.next_within|(?:waiting|self\._patience)\.wait_after)\("
)
"""Calls whose results have to be awaited."""

_METHOD: Final = re.compile(r"(?m)^(?=    (?:async )?def |    @|def |class )")


def asynchronous(text: str) -> str:
    """Return a module of the blocking client as one of the client for anyio; imports may be out of order."""
    for pattern, words in WORDS:
        text = re.sub(pattern, words, text)
    return "".join(_coroutine(part) for part in _METHOD.split(_awaiting(text)))


def _awaiting(text: str) -> str:
    pieces = []
    end = 0
    for call in AWAITED.finditer(text):
        closed = _closing(text, call.end())
        wrapped = text[closed : closed + 1] == "."
        pieces += [text[end : call.start()], "(await " if wrapped else "await ", text[call.start() : closed]]
        pieces += [")" if wrapped else ""]
        end = closed
    return "".join([*pieces, text[end:]])


def _closing(text: str, begin: int) -> int:
    """Return where the bracket that was opened before `begin` is closed."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[begin], 0)
        begin += 1
    return begin


def _coroutine(part: str) -> str:
    waits = re.search(r"\bawait |\basync (for|with) ", _without_documentation(part)) is not None
    return re.sub(r"^    def ", "    async def ", part) if waits else part


def _without_documentation(part: str) -> str:
    return re.sub(r'""".*?"""', "", part, flags=re.DOTALL)


def printed(name: str) -> str:
    """Return a module of the client for anyio, as it is before its imports are put in order."""
    return asynchronous((SOURCE / f"{name}.py").read_text(encoding="utf-8"))


if __name__ == "__main__":
    files = [TARGET / f"{name}.py" for name in PRINTED]
    for file in files:
        file.write_text(printed(file.stem), encoding="utf-8")
    ruff = str(Path(sys.executable).with_name("ruff"))
    subprocess.run([ruff, "check", "-q", "--select", "I", "--fix", *files], check=True)
    subprocess.run([ruff, "format", "-q", *files], check=True)
