"""The folders that the configuration and the command line name: as they are named, and where they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class NamedFolders:
    """Folders of one kind, from their names to being watched, and until nobody names them any more.

    A name is an absolute path that may lead through links; its folder is the real path.
    """

    def __init__(self, names: Iterable[Path]) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._found: dict[Path, Path] = {}
        self._taken: set[Path] = set()
        self._dropped: set[Path] = set()

    @property
    def folders(self) -> frozenset[Path]:
        """The folders that are named, as far as it is known where they are."""
        return frozenset(self._found.values())

    @property
    def unfound(self) -> tuple[Path, ...]:
        """The names of which it is not known yet where they lead."""
        return tuple(name for name in self._names if name not in self._found)

    @property
    def untaken(self) -> tuple[Path, ...]:
        """The folders that were found and are not watched yet."""
        return tuple(
            dict.fromkeys(
                self._found[name]
                for name in self._names
                if name in self._found and self._found[name] not in self._taken
            )
        )

    @property
    def dropped(self) -> frozenset[Path]:
        """The folders that were watched because they were named, and are named no more."""
        return frozenset(self._dropped - self.folders)

    def become(self, names: Iterable[Path]) -> None:
        """Take these names for those that were."""
        self._names = tuple(dict.fromkeys(names))
        gone = {self._found.pop(name) for name in self._found.keys() - set(self._names)}
        self._dropped |= gone & self._taken
        self._taken &= self.folders

    def found(self, name: Path, folder: Path) -> None:
        """Note where a name leads; one that was dropped meanwhile leads nowhere."""
        if name in self._names:
            self._found[name] = folder

    def taken(self, folder: Path) -> None:
        """Note that a folder is watched; one that was dropped meanwhile is let go of next."""
        (self._taken if folder in self.folders else self._dropped).add(folder)

    def moved(self, before: Path, after: Path) -> None:
        """Note that a folder is called or lies elsewhere now."""
        self._found = {name: after if folder == before else folder for name, folder in self._found.items()}
        for folders in (self._taken, self._dropped):
            if before in folders:
                folders.remove(before)
                folders.add(after)

    def let_go(self, folders: Iterable[Path]) -> None:
        """Note that nothing has to be done any more about folders that were dropped."""
        self._dropped -= set(folders)
