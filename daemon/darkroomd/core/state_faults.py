"""Why the state could not be kept, handed out or taken over, as errors for whoever asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from darkroom.errors import EXIT_NOT_FOUND, EXIT_USAGE, DarkroomError


class BackupNotMade(DarkroomError):
    """A copy of the queue database could not be made."""

    code = "state.backup_failed"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The queue database could not be copied to {path} ({problem}). Free some space, or make the "
            "folder writable.",
            path=str(path),
            problem=problem,
        )
        self.problem = problem


class UpgradeRefused(DarkroomError):
    """The database is of an older darkroomd, and cannot be kept as it is before it is changed."""

    code = "state.upgrade_refused"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The queue database {path} is of an older darkroomd and was not changed, since a copy of it as "
            f"it is could not be made first ({problem}). Free some space on its disk, then start darkroomd "
            "again.",
            path=str(path),
            problem=problem,
        )


class StateFileMissing(DarkroomError):
    """The file that is to be taken over is not there."""

    code = "state.file_missing"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file {path}. Correct the path.", path=str(path))


class StateFileInvalid(DarkroomError):
    """A file is no exported state, or damaged."""

    code = "state.file_invalid"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} cannot be taken over: {problem}. Nothing was changed. Give a file that `darkroomd state "
            "export` wrote, or a backup of the database, and copy it again if it was damaged on its way.",
            path=str(path),
            problem=problem,
        )


class StateFileTooNew(DarkroomError):
    """A file was written by a newer darkroomd."""

    code = "state.file_too_new"

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"{path} is of a newer darkroomd: its schema is {found}, and this one knows schemas up to "
            f"{known}. Nothing was changed. Install that darkroomd here as well, then try again.",
            path=str(path),
            found=found,
            known=known,
        )


class StateNotEmpty(DarkroomError):
    """There is something already where a state is to be taken over."""

    code = "state.not_empty"

    def __init__(self, folder: Path, *, sessions: int) -> None:
        super().__init__(
            f"The state folder {folder} knows {sessions} sessions already. Give --replace to put the other "
            "state in its place; what is there now is kept beside it.",
            path=str(folder),
            sessions=sessions,
        )


class NoState(DarkroomError):
    """There is no state to hand out."""

    code = "state.none"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no queue database in {folder}. Give the folder of the daemon that is meant with "
            "--state-dir.",
            path=str(folder),
        )


class ExportExists(DarkroomError):
    """Something stands where the state is to be written to."""

    code = "state.export_exists"
    exit_status = EXIT_USAGE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} exists already and was not changed. Give another name, or remove it.", path=str(path)
        )


class ExportNotWritten(DarkroomError):
    """The state could not be written to the file that was named."""

    code = "state.export_failed"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The state could not be written to {path} ({problem}). Free some space, or give another place.",
            path=str(path),
            problem=problem,
        )


class FoldersCollide(DarkroomError):
    """Two sessions or roots would lie in one folder."""

    code = "state.folders_collide"
    exit_status = EXIT_USAGE

    def __init__(self, folder: Path, former: Sequence[Path]) -> None:
        named = " and ".join(map(str, former))
        super().__init__(
            f"By --map, {named} would both lie in {folder}. Nothing was changed. Map them to folders of "
            "their own.",
            path=str(folder),
            former=list(map(str, former)),
        )


class NothingMoved(DarkroomError):
    """A folder that is said to have moved is none that the state knows."""

    code = "state.nothing_moved"
    exit_status = EXIT_USAGE

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"No session or root of the state lies in {folder}, which --map names. Nothing was changed. "
            "Give the folder as `darkroom sessions` showed it where the state comes from.",
            path=str(folder),
        )
