from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroomd.core.access import NEEDS, AccessPolicy, Grant, Peer, Role, grant_of, lies_in, made_all

OWNER = 1000
GROUP = 500

NOTHING, OWN, OPEN, ALL = Grant.NOTHING, Grant.OWN_JOBS, Grant.OPEN_PATHS, Grant.EVERYTHING

ROLES = {
    "owner": (Peer(uid=OWNER, gid=1000, pid=7), Role.READER),
    "root": (Peer(uid=0, gid=0, pid=7), Role.READER),
    "operator": (Peer(uid=1001, gid=1001, groups=frozenset({4, GROUP})), Role.OPERATOR),
    "reader": (Peer(uid=1001, gid=GROUP), Role.READER),
    "stranger": (Peer(uid=1002, gid=1000, groups=frozenset({0, 1000})), Role.OPERATOR),
}

LOOKING = {"operator": OPEN, "reader": OPEN, "stranger": NOTHING}
CHANGING = {"operator": OPEN, "reader": NOTHING, "stranger": NOTHING}
STOPPING = {"operator": OPEN, "reader": OWN, "stranger": OWN}
OWNING = {"operator": NOTHING, "reader": NOTHING, "stranger": NOTHING}

EXPECTED = {
    "org.varlink.service.GetInfo": LOOKING,
    "org.varlink.service.GetInterfaceDescription": LOOKING,
    "io.darkroomd.Metrics.GetMetrics": LOOKING,
    "io.darkroomd.Darkroom.GetSummary": LOOKING,
    "io.darkroomd.Darkroom.GetHealth": LOOKING,
    "io.darkroomd.Darkroom.Reload": OWNING,
    "io.darkroomd.Darkroom.GetStatistics": LOOKING,
    "io.darkroomd.Darkroom.ListLogLines": LOOKING,
    "io.darkroomd.Darkroom.Watch": LOOKING,
    "io.darkroomd.Darkroom.Inhibit": CHANGING,
    "io.darkroomd.Darkroom.ListInhibitors": LOOKING,
    "io.darkroomd.Darkroom.GetQueue": LOOKING,
    "io.darkroomd.Darkroom.PauseQueue": CHANGING,
    "io.darkroomd.Darkroom.ResumeQueue": CHANGING,
    "io.darkroomd.Darkroom.StartExport": CHANGING,
    "io.darkroomd.Darkroom.StartArchive": CHANGING,
    "io.darkroomd.Darkroom.RescanSession": CHANGING,
    "io.darkroomd.Darkroom.GetJob": LOOKING,
    "io.darkroomd.Darkroom.ListJobs": LOOKING,
    "io.darkroomd.Darkroom.ListItems": LOOKING,
    "io.darkroomd.Darkroom.GetItem": LOOKING,
    "io.darkroomd.Darkroom.WaitJob": LOOKING,
    "io.darkroomd.Darkroom.CancelJobs": STOPPING,
    "io.darkroomd.Darkroom.RetryJobs": CHANGING,
    "io.darkroomd.Darkroom.PauseJobs": CHANGING,
    "io.darkroomd.Darkroom.ResumeJobs": CHANGING,
    "io.darkroomd.Darkroom.SetPriority": CHANGING,
    "io.darkroomd.Darkroom.MoveJobs": CHANGING,
    "io.darkroomd.Darkroom.ClearJobs": CHANGING,
    "io.darkroomd.Darkroom.AddSession": CHANGING,
    "io.darkroomd.Darkroom.RemoveSession": CHANGING,
    "io.darkroomd.Darkroom.ListSessions": LOOKING,
    "io.darkroomd.Darkroom.GetSession": LOOKING,
    "io.darkroomd.Darkroom.SetSessionPreset": CHANGING,
    "io.darkroomd.Darkroom.AddRoot": CHANGING,
    "io.darkroomd.Darkroom.RemoveRoot": CHANGING,
    "io.darkroomd.Darkroom.ListRoots": LOOKING,
    "io.darkroomd.Darkroom.ListPhotos": LOOKING,
    "io.darkroomd.Darkroom.GetPhoto": LOOKING,
    "io.darkroomd.Darkroom.SetDiscarded": CHANGING,
    "io.darkroomd.Darkroom.SetCaptureTime": CHANGING,
    "io.darkroomd.Darkroom.ApplyPreset": CHANGING,
    "io.darkroomd.Darkroom.ListPresets": LOOKING,
    "io.darkroomd.Darkroom.OpenOutput": LOOKING,
}


def policy(role: Role) -> AccessPolicy:
    return AccessPolicy(owner_uid=OWNER, group=GROUP, group_role=role)


@pytest.mark.parametrize(("method", "grants"), [pytest.param(*row, id=row[0]) for row in EXPECTED.items()])
def test_each_method_is_open_to_exactly_those_whom_it_is_meant_for(
    method: str, grants: dict[str, Grant]
) -> None:
    found = {name: grant_of(method, peer, policy(role)) for name, (peer, role) in ROLES.items()}

    assert found == {"owner": ALL, "root": ALL, **grants}


def test_no_method_is_left_without_a_decision() -> None:
    assert set(NEEDS) == set(EXPECTED) == set(QUALIFIED_METHODS)


@pytest.mark.parametrize("method", ["io.darkroomd.Darkroom.Nonsense", "a.B", "", "GetInfo"])
def test_what_no_table_knows_is_the_owners_alone(method: str) -> None:
    found = {name: grant_of(method, peer, policy(role)) for name, (peer, role) in ROLES.items()}

    assert found == {"owner": ALL, "root": ALL, **OWNING}


@pytest.mark.parametrize(
    "peer",
    [
        pytest.param(Peer(uid=1001, gid=1000), id="of-the-owners-group"),
        pytest.param(Peer(uid=1001, gid=0, groups=frozenset({0})), id="of-the-group-root"),
        pytest.param(Peer(uid=65534), id="nobody"),
        pytest.param(Peer(uid=-1), id="no-user"),
    ],
)
def test_without_a_group_nobody_else_may_do_anything_but_stop_jobs_of_their_own(peer: Peer) -> None:
    alone = AccessPolicy(owner_uid=OWNER)

    granted = {method for method in NEEDS if grant_of(method, peer, alone) is not NOTHING}

    assert granted == {"io.darkroomd.Darkroom.CancelJobs"}
    assert grant_of("io.darkroomd.Darkroom.CancelJobs", peer, alone) is OWN


@pytest.mark.parametrize(
    ("creators", "made"),
    [
        pytest.param([1001], True, id="own"),
        pytest.param([1001, 1001], True, id="all-own"),
        pytest.param([1001, 1002], False, id="one-of-another"),
        pytest.param([None], False, id="of-the-daemon-or-not-there"),
        pytest.param([], False, id="none"),
    ],
)
def test_jobs_are_ones_own_if_one_made_all_of_them(creators: list[int | None], made: bool) -> None:
    assert made_all(1001, creators) is made


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        pytest.param("/srv/photos", True, id="the-folder-itself"),
        pytest.param("/srv/photos/a/b", True, id="below"),
        pytest.param("/srv/photos-of-others", False, id="a-longer-name"),
        pytest.param("/srv", False, id="above"),
        pytest.param("/", False, id="root"),
    ],
)
def test_a_path_lies_in_a_folder_or_not(path: str, inside: bool) -> None:
    assert lies_in(PurePosixPath(path), [PurePosixPath("/other"), PurePosixPath("/srv/photos")]) is inside


def test_where_no_folder_is_open_no_path_lies_in_one() -> None:
    assert not lies_in(PurePosixPath("/srv"), [])
