from __future__ import annotations

from pathlib import Path

import pytest

from darkroomd.system.paths import NoHome, standard_places

HOME = {"HOME": "/home/ann"}


@pytest.mark.parametrize(
    ("environment", "platform", "socket", "state"),
    [
        pytest.param(
            HOME, "linux", "/run/darkroomd/darkroomd.sock", "/home/ann/.local/state/darkroomd", id="bare"
        ),
        pytest.param(
            {**HOME, "XDG_RUNTIME_DIR": "/run/user/7", "XDG_STATE_HOME": "/st"},
            "linux",
            "/run/user/7/darkroomd/darkroomd.sock",
            "/st/darkroomd",
            id="xdg",
        ),
        pytest.param(
            {"RUNTIME_DIRECTORY": "/run/darkroomd", "STATE_DIRECTORY": "/var/lib/darkroomd:/x"},
            "linux",
            "/run/darkroomd/darkroomd.sock",
            "/var/lib/darkroomd",
            id="systemd",
        ),
        pytest.param(
            {**HOME, "DARKROOM_SOCKET": "/x/s.sock"},
            "linux",
            "/x/s.sock",
            "/home/ann/.local/state/darkroomd",
            id="socket-override",
        ),
        pytest.param(
            {**HOME, "TMPDIR": "/var/folders/t"},
            "darwin",
            "/var/folders/t/darkroomd/darkroomd.sock",
            "/home/ann/Library/Application Support/darkroomd",
            id="macos",
        ),
        pytest.param(
            {**HOME, "XDG_RUNTIME_DIR": "relative"},
            "linux",
            "/run/darkroomd/darkroomd.sock",
            "/home/ann/.local/state/darkroomd",
            id="a-relative-path-does-not-count",
        ),
    ],
)
def test_the_environment_says_where_things_lie(
    environment: dict[str, str], platform: str, socket: str, state: str
) -> None:
    places = standard_places(environment, platform=platform)

    assert (places.socket, places.state) == (Path(socket), Path(state))


def test_what_was_asked_for_wins() -> None:
    places = standard_places({}, state=Path("/s"), socket=Path("/x.sock"))

    assert (places.state, places.socket, places.config) == (Path("/s"), Path("/x.sock"), None)


def test_nowhere_to_keep_the_state_is_an_error() -> None:
    with pytest.raises(NoHome):
        standard_places({})
