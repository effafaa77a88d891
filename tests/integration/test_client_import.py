from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after the code ran in a process of its own."""
    listing = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_but_itself() -> None:
    assert loaded_by("import darkroom").isdisjoint({"msgspec", "socket", "darkroomd"})


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "from darkroom import Client, DaemonUnreachable, DarkroomError, EventStream", id="client"
        ),
        pytest.param("import darkroom.cli.main, darkroom.cli.commands.status", id="status"),
    ],
)
def test_what_starts_often_loads_no_loop_no_logging_and_no_daemon(code: str) -> None:
    heavy = {"anyio", "asyncio", "structlog", "logging", "numpy", "darkroomd", "unicodedata", "json"}

    assert loaded_by(code) & heavy == set()


def test_a_name_the_package_does_not_have_is_an_attribute_error() -> None:
    import darkroom  # noqa: PLC0415 - beside what it is about

    assert {"Client", "DarkroomError"} <= set(dir(darkroom))
    with pytest.raises(AttributeError, match="Darkroom"):
        _ = darkroom.Darkroom


def test_the_client_for_anyio_loads_no_event_loop_but_the_one_that_runs() -> None:
    heavy = {"asyncio", "trio", "structlog", "numpy", "darkroomd", "json"}

    assert loaded_by("from darkroom.aio import AsyncClient") & heavy == set()
