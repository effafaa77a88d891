from __future__ import annotations

from pathlib import Path

from darkroomd.core.named_folders import NamedFolders

LINK, REAL = Path("/link"), Path("/real")
OTHER = Path("/other")


def watched(*names: Path) -> NamedFolders:
    """Return folders that lead to themselves and are watched."""
    named = NamedFolders(names)
    for name in names:
        named.found(name, name)
        named.taken(name)
    return named


def test_a_folder_is_found_then_taken() -> None:
    named = NamedFolders([LINK, LINK])

    assert named.unfound == (LINK,)
    named.found(LINK, REAL)
    assert (named.unfound, named.untaken) == ((), (REAL,))
    named.taken(REAL)
    assert (named.untaken, named.folders) == ((), {REAL})


def test_two_names_of_one_folder_are_one_folder() -> None:
    named = NamedFolders([LINK, REAL])
    named.found(LINK, REAL)
    named.found(REAL, REAL)
    named.taken(REAL)

    named.become([REAL])

    assert named.untaken == ()
    assert named.dropped == frozenset()


def test_a_folder_that_is_named_no_more_is_dropped_until_it_is_let_go() -> None:
    named = watched(REAL, OTHER)

    named.become([OTHER])

    assert named.dropped == {REAL}
    assert named.folders == {OTHER}
    named.let_go([REAL])
    assert named.dropped == frozenset()


def test_a_folder_that_is_named_again_before_it_is_let_go_is_not_dropped() -> None:
    named = watched(REAL)

    named.become([])
    named.become([LINK])
    named.found(LINK, REAL)

    assert named.dropped == frozenset()
    assert named.untaken == (REAL,)


def test_a_folder_that_was_never_watched_is_not_let_go() -> None:
    named = NamedFolders([LINK])
    named.found(LINK, REAL)

    named.become([])

    assert named.dropped == frozenset()


def test_a_name_that_is_dropped_while_it_is_looked_for_leads_nowhere() -> None:
    named = NamedFolders([LINK])
    named.become([])

    named.found(LINK, REAL)

    assert named.untaken == ()


def test_a_folder_that_is_dropped_while_it_is_being_taken_is_let_go() -> None:
    named = NamedFolders([REAL])
    named.found(REAL, REAL)
    named.become([])

    named.taken(REAL)

    assert named.dropped == {REAL}


def test_a_folder_that_is_called_differently_stays_named() -> None:
    named = watched(REAL)

    named.moved(REAL, OTHER)

    assert named.folders == {OTHER}
    named.become([])
    assert named.dropped == {OTHER}
