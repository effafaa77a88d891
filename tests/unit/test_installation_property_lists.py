"""The jobs of launchd as they are shipped and filled in, held to the keys that launchd.plist(5) documents."""

from __future__ import annotations

import plistlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkroom.client.address import socket_path
from darkroomd.installation.marks import Origin, origin_of
from darkroomd.installation.program import Program, Watched
from darkroomd.installation.property_lists import (
    AGENT,
    DAEMON,
    NotForLaunchd,
    launch_agent,
    launch_daemon,
    recorded_folders,
)
from darkroomd.installation.units import InstalledFile

SHIPPED = Path(__file__).parents[2] / "systemd"
HOME = Path("/Users/anna müller")
PROGRAM = Program(command=("/opt/darkroomd/bin/darkroomd",), client=("/opt/darkroomd/bin/darkroom",))
PARTY = Watched(roots=(Path("/Volumes/Photo Booth & Co"),), sessions=(Path("/Users/Shared/Party"),))

SOCKET_KEYS: Mapping[str, type] = {
    "SockType": str,
    "SockPassive": bool,
    "SockNodeName": str,
    "SockServiceName": str,
    "SockFamily": str,
    "SockProtocol": str,
    "SockPathName": str,
    "SecureSocketWithKey": str,
    "SockPathOwner": int,
    "SockPathGroup": int,
    "SockPathMode": int,
}
LIMIT_KEYS: Mapping[str, type] = dict.fromkeys(
    [
        "Core", "CPU", "Data", "FileSize", "MemoryLock", "NumberOfFiles", "NumberOfProcesses",
        "ResidentSetSize", "Stack",
    ],
    int,
)  # fmt: skip
ALIVE_KEYS: Mapping[str, type] = {
    "SuccessfulExit": bool,
    "Crashed": bool,
    "PathState": dict,
    "OtherJobEnabled": dict,
    "AfterInitialDemand": bool,
}
JOB_KEYS: Mapping[str, type] = {
    "Label": str,
    "UserName": str,
    "GroupName": str,
    "Program": str,
    "ProgramArguments": list,
    "KeepAlive": dict,
    "RunAtLoad": bool,
    "WorkingDirectory": str,
    "EnvironmentVariables": dict,
    "Umask": int,
    "ExitTimeOut": int,
    "ThrottleInterval": int,
    "StandardInPath": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "SoftResourceLimits": dict,
    "HardResourceLimits": dict,
    "Nice": int,
    "ProcessType": str,
    "AbandonProcessGroup": bool,
    "LowPriorityIO": bool,
    "LowPriorityBackgroundIO": bool,
    "LimitLoadToSessionType": str,
    "Sockets": dict,
}
"""Keys of launchd.plist(5) that make sense for a job such as this, and the types of their values."""

PROCESS_TYPES = {"Background", "Standard", "Adaptive", "Interactive"}


def shipped(name: str) -> bytes:
    return (SHIPPED / name).read_bytes()


def agent(watched: Watched = PARTY, *, program: Program = PROGRAM) -> InstalledFile:
    return launch_agent(shipped, program, watched, home=HOME)


def daemon(watched: Watched = PARTY, *, program: Program = PROGRAM) -> InstalledFile:
    return launch_daemon(shipped, program, watched)


def of_type(table: Mapping[str, Any], keys: Mapping[str, type]) -> bool:
    # A flag is a number to Python, and none to launchd.
    return all(type(value) is keys.get(key) for key, value in table.items())


JOBS = [
    pytest.param(plistlib.loads(shipped(f"launchd/{AGENT}.plist")), id="agent-as-shipped"),
    pytest.param(plistlib.loads(shipped(f"launchd/{DAEMON}.plist")), id="daemon-as-shipped"),
    pytest.param(plistlib.loads(agent().content), id="agent"),
    pytest.param(plistlib.loads(daemon().content), id="daemon"),
]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_says_only_what_launchd_knows_in_the_types_it_knows(job: dict[str, Any]) -> None:
    assert of_type(job, JOB_KEYS)
    assert of_type(job["KeepAlive"], ALIVE_KEYS)
    assert of_type(job["SoftResourceLimits"], LIMIT_KEYS)
    assert all(of_type(opened, SOCKET_KEYS) for opened in job["Sockets"].values())
    assert all(type(word) is str for word in job["ProgramArguments"])
    assert job["ProcessType"] in PROCESS_TYPES


@pytest.mark.parametrize("job", JOBS)
def test_the_daemon_is_told_of_the_socket_that_launchd_opens_for_it(job: dict[str, Any]) -> None:
    words = job["ProgramArguments"]

    assert set(job["Sockets"]) == {"darkroomd"}
    assert words[words.index("--socket") + 1] == job["Sockets"]["darkroomd"]["SockPathName"]
    assert job["Sockets"]["darkroomd"]["SockType"] == "stream"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_started_again_after_a_crash_and_not_after_it_was_stopped(job: dict[str, Any]) -> None:
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["RunAtLoad"] is True
    assert job["ExitTimeOut"] > 60


def test_clients_look_where_launchd_listens() -> None:
    own = plistlib.loads(agent().content)["Sockets"]["darkroomd"]["SockPathName"]
    shared = plistlib.loads(daemon().content)["Sockets"]["darkroomd"]["SockPathName"]

    assert own == socket_path(None, {"HOME": str(HOME)}, platform="darwin")
    assert shared == socket_path(None, {}, platform="darwin")


def test_only_the_user_may_connect_to_an_agent_and_the_daemon_asks_who_calls() -> None:
    own = plistlib.loads(agent().content)["Sockets"]["darkroomd"]
    shared = plistlib.loads(daemon().content)["Sockets"]["darkroomd"]

    assert own["SockPathMode"] == 0o600
    assert shared["SockPathMode"] == 0o666


def test_what_an_agent_makes_is_the_users_as_ever_and_what_a_daemon_makes_its_groups() -> None:
    assert plistlib.loads(agent().content)["Umask"] == 0o022
    assert plistlib.loads(daemon().content)["Umask"] == 0o007


def test_an_agent_keeps_its_files_in_the_home_of_its_user() -> None:
    file = agent()

    job = plistlib.loads(file.content)

    assert file.path == HOME / "Library/LaunchAgents/io.darkroomd.agent.plist"
    assert job["StandardErrorPath"] == f"{HOME}/Library/Logs/darkroomd.log"
    assert job["Sockets"]["darkroomd"]["SockPathName"].startswith(f"{HOME}/Library/Application Support/")
    assert "Shared/darkroomd" not in file.content.decode()


@pytest.mark.parametrize("fill", [agent, daemon], ids=["agent", "daemon"])
def test_a_job_runs_the_installed_program_on_the_folders_and_knows_them_again(
    fill: Callable[..., InstalledFile],
) -> None:
    file = fill(program=replace(PROGRAM, command=("/opt/py", "-P", "-m", "darkroomd")))

    words = plistlib.loads(file.content)["ProgramArguments"]

    assert words[:4] == ["/opt/py", "-P", "-m", "darkroomd"]
    assert words[-4:] == ["--root", "/Volumes/Photo Booth & Co", "--session", "/Users/Shared/Party"]
    assert recorded_folders(file.content) == PARTY
    assert origin_of(file.content) is Origin.OURS


@pytest.mark.parametrize("name", ["line\nbreak", "\udcff"], ids=["line-break", "no-text"])
def test_a_folder_that_launchd_cannot_be_told_of_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotForLaunchd) as refusal:
        daemon(Watched(roots=(Path("/Volumes", name),)))

    assert refusal.value.context == {"path": f"/Volumes/{name}"}
