"""The errors of the daemon's own interface, in the order of its description."""

from __future__ import annotations

from typing import Final

from darkroom.errors.error import (
    DARKROOM_INTERFACE,
    EXIT_NOT_FOUND,
    EXIT_NOT_PERMITTED,
    EXIT_UNREACHABLE,
    DarkroomError,
)


class _OfDarkroom(DarkroomError):
    interface = DARKROOM_INTERFACE


class NoSuchSession(_OfDarkroom):
    """The session id is not known."""

    code = "NoSuchSession"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"There is no session {session_id}. `darkroom sessions` lists those that there are.",
            session_id=session_id,
        )


class NoSuchRoot(_OfDarkroom):
    """The root id is not known."""

    code = "NoSuchRoot"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, root_id: str) -> None:
        super().__init__(
            f"There is no root {root_id}. `darkroom root list` lists those that there are.", root_id=root_id
        )


class NoSuchPhoto(_OfDarkroom):
    """The photo id is not known."""

    code = "NoSuchPhoto"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, photo_id: str) -> None:
        super().__init__(
            f"There is no photo {photo_id}. `darkroom photos` lists those that there are.", photo_id=photo_id
        )


class NoSuchPreset(_OfDarkroom):
    """The preset id is not known."""

    code = "NoSuchPreset"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, preset_id: str) -> None:
        super().__init__(f"There is no preset {preset_id}.", preset_id=preset_id)


class NoSuchJob(_OfDarkroom):
    """The job number is not, or no longer, known."""

    code = "NoSuchJob"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, job_id: int) -> None:
        super().__init__(
            f"There is no job {job_id}. `darkroom jobs` lists those that there are.", job_id=job_id
        )


class NoSuchItem(_OfDarkroom):
    """The item number is not, or no longer, known."""

    code = "NoSuchItem"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, item_id: int) -> None:
        super().__init__(
            f"There is no item {item_id}. `darkroom show JOB` lists those of a job.", item_id=item_id
        )


class NoSuchOutput(_OfDarkroom):
    """The output id is not known."""

    code = "NoSuchOutput"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, output_id: str) -> None:
        super().__init__(
            f"There is no output {output_id}. `darkroom show PHOTO` lists those of a photo.",
            output_id=output_id,
        )


class InvalidJobState(_OfDarkroom):
    """Not possible in the state the job is in; nothing was changed for any of the jobs."""

    code = "InvalidJobState"

    def __init__(self, job_id: int, state: str) -> None:
        super().__init__(
            f"That is not possible while job {job_id} is {state}; nothing was changed.",
            job_id=job_id,
            state=state,
        )


class SessionBusy(_OfDarkroom):
    """Jobs of the session have not ended."""

    code = "SessionBusy"

    def __init__(self, session_id: str, job_ids: tuple[int, ...]) -> None:
        jobs = ", ".join(map(str, job_ids))
        super().__init__(
            f"The session {session_id} has jobs that have not ended ({jobs}); cancel them first.",
            session_id=session_id,
            job_ids=job_ids,
        )
        self.job_ids: Final = job_ids


class PathNotAllowed(_OfDarkroom):
    """The path does not exist, is not a folder, or lies outside of what the configuration allows."""

    code = "PathNotAllowed"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message, path=path)


class InvalidConfiguration(_OfDarkroom):
    """The configuration is not valid; nothing of it was applied."""

    code = "InvalidConfiguration"

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message, problems=problems)


class InvalidCursor(_OfDarkroom):
    """The cursor is not, or no longer, valid."""

    code = "InvalidCursor"

    def __init__(self, cursor: str) -> None:
        super().__init__("The cursor is not valid any more; start over without one.", cursor=cursor)


class ConsumerTooSlow(_OfDarkroom):
    """The watcher did not keep up; the cursor says where to go on."""

    code = "ConsumerTooSlow"

    def __init__(self, cursor: str) -> None:
        super().__init__("The watcher did not keep up; watch again from the cursor.", cursor=cursor)
        self.cursor: Final = cursor


class TimedOut(_OfDarkroom):
    """What was waited for did not happen in time."""

    code = "TimedOut"

    def __init__(self) -> None:
        super().__init__("It did not happen in the time that was given; it may still happen.")


class LimitReached(_OfDarkroom):
    """Too many connections, streams or inhibitors."""

    code = "LimitReached"

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(
            f"At most {maximum} {limit} are allowed at a time; close one first.", limit=limit, maximum=maximum
        )


class Stopping(_OfDarkroom):
    """The daemon is going down; a supervisor will start it again."""

    code = "Stopping"
    exit_status = EXIT_UNREACHABLE

    def __init__(self) -> None:
        super().__init__("The daemon is stopping; try again once it is back.")


class Internal(_OfDarkroom):
    """The daemon has a bug; its log tells more under the correlation ID."""

    code = "Internal"

    def __init__(self, message: str, correlation_id: str) -> None:
        super().__init__(message, correlation_id=correlation_id)


DARKROOM_ERRORS: Final[tuple[type[DarkroomError], ...]] = tuple(_OfDarkroom.__subclasses__())
"""The errors of the daemon's interface, in the order of its description."""
