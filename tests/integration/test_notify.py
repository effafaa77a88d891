from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
import structlog

from darkroomd.system.notify import MOST_CHARACTERS, Notifier
from service_manager import service_manager

HERE = str(os.getpid())
ELSEWHERE = str(os.getppid())


def test_every_message_is_one_datagram_of_named_lines(tmp_path: Path) -> None:
    with service_manager(tmp_path) as manager:
        notifier = Notifier(manager.address)

        notifier.extend(30)
        notifier.ready("Nothing to do yet.")
        notifier.status("Developing IMG_1.NEF.")
        notifier.alive()
        notifier.stopping(within_seconds=12.5)

        heard = [manager.hear() for _ in range(5)]
    assert heard == [
        {"EXTEND_TIMEOUT_USEC": "30000000"},
        {"READY": "1", "STATUS": "Nothing to do yet."},
        {"STATUS": "Developing IMG_1.NEF."},
        {"WATCHDOG": "1"},
        {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "12500000"},
    ]


def test_a_reload_says_when_it_began_by_the_clock_that_never_jumps(tmp_path: Path) -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    with service_manager(tmp_path) as manager:
        Notifier(manager.address).reloading()

        heard = manager.wait_for_key("RELOADING")

    assert before <= int(heard["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_is_one_line_of_text_that_the_manager_takes(tmp_path: Path) -> None:
    with service_manager(tmp_path) as manager:
        Notifier(manager.address).status("a\nREADY=1\tä\udcff" + "x" * 5000)

        heard = manager.hear()

    assert heard == {"STATUS": "a\ufffdREADY=1\ufffdä\ufffd" + "x" * (MOST_CHARACTERS - 12)}


def test_an_abstract_socket_is_spoken_to() -> None:
    name = f"darkroomd-test-{HERE}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(5)

        Notifier(f"@{name}").alive()

        assert listening.recv(100) == b"WATCHDOG=1"


def test_a_message_that_is_lost_is_logged_once(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nobody.sock"))

    with structlog.testing.capture_logs() as logged:
        notifier.alive()
        notifier.status("Nothing to do yet.")

    assert [line["event"] for line in logged] == ["notification_lost"]


def test_a_manager_that_does_not_listen_keeps_nobody_waiting(tmp_path: Path) -> None:
    with service_manager(tmp_path) as manager:
        notifier = Notifier(manager.address)

        with structlog.testing.capture_logs() as logged:
            for _ in range(10_000):
                notifier.alive()

    assert [line["event"] for line in logged] == ["notification_lost"]


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        pytest.param({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": HERE}, 3.0, id="ours"),
        pytest.param({"WATCHDOG_USEC": "1500000"}, 1.5, id="anybodys"),
        pytest.param({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": ELSEWHERE}, None, id="another-process"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="nonsense"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_watchdog_is_fed_where_this_process_is_meant(
    variables: dict[str, str], seconds: float | None
) -> None:
    environment = {"NOTIFY_SOCKET": "/run/systemd/notify", "HOME": "/root", **variables}

    notifier = Notifier.from_environment(environment)

    assert notifier.watchdog_seconds == seconds
    assert environment == {"HOME": "/root"}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("", [], id="no-manager"),
        pytest.param("vsock:2:1234", ["notify_socket_unknown"], id="out-of-a-machine"),
    ],
)
def test_without_a_manager_nothing_is_said(address: str, said: list[str]) -> None:
    with structlog.testing.capture_logs() as logged:
        notifier = Notifier.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"})
        notifier.ready("Nothing to do yet.")
        notifier.alive()

    assert (notifier.is_heard, notifier.watchdog_seconds) == (False, None)
    assert [line["event"] for line in logged] == said
