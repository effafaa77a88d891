from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from darkroom.client.address import MAC_SYSTEM_SOCKET, SYSTEM_SOCKET, socket_path
from darkroom.errors import SocketPathTooLong


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        pytest.param("/a", {"DARKROOM_SOCKET": "/b", "XDG_RUNTIME_DIR": "/c"}, "/a", id="given"),
        pytest.param(Path("/a"), {}, "/a", id="given-as-a-path"),
        pytest.param("unix:/a", {}, "/a", id="as-varlink-writes-it"),
        pytest.param(None, {"DARKROOM_SOCKET": "/b", "XDG_RUNTIME_DIR": "/c"}, "/b", id="environment"),
        pytest.param(None, {"DARKROOM_SOCKET": "unix:/b"}, "/b", id="environment-as-varlink-writes-it"),
        pytest.param(
            None,
            {"DARKROOM_SOCKET": "", "XDG_RUNTIME_DIR": "/nowhere"},
            "/nowhere/darkroomd/darkroomd.sock",
            id="where-this-user's-daemon-would-be",
        ),
        pytest.param(None, {"XDG_RUNTIME_DIR": "relative"}, SYSTEM_SOCKET, id="relative-runtime-folder"),
        pytest.param(None, {}, SYSTEM_SOCKET, id="nothing-known"),
    ],
)
def test_the_first_that_says_where_the_socket_is_counts(
    given: str | Path | None, environment: dict[str, str], expected: str
) -> None:
    assert socket_path(given, environment) == expected


def test_the_socket_that_launchd_opened_for_a_users_daemon_is_found() -> None:
    with TemporaryDirectory(prefix="home-") as home:
        opened = Path(home, "Library", "Application Support", "darkroomd", "darkroomd.sock")
        opened.parent.mkdir(parents=True)
        opened.touch()

        found = socket_path(None, {"HOME": home, "TMPDIR": "/nowhere"}, platform="darwin")

    assert found == str(opened)


def test_a_mac_without_a_home_is_asked_where_the_systems_daemon_is() -> None:
    assert socket_path(None, {}, platform="darwin") == MAC_SYSTEM_SOCKET


def test_a_socket_path_has_at_most_107_bytes() -> None:
    longest = "/" + "ü" * 53

    assert socket_path(longest, {}) == longest
    with pytest.raises(SocketPathTooLong, match="108 bytes"):
        socket_path(longest + "x", {})
