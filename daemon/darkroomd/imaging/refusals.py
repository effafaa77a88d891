"""Why a photo was not developed: the sentences, and what the operating system's errors mean for us."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from typing import Final

from darkroom.protocol.types import Failure


class Refusal(Exception):
    """The work cannot be done.

    Attributes:
        failure: what to record.
        environment: the fault is not the photo's, so no attempt is burnt.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        transient: bool = False,
        context: Mapping[str, object] | None = None,
        environment: bool = False,
    ) -> None:
        super().__init__(message)
        self.failure: Final = Failure(
            code=code, message=message, transient=transient, context=dict(context or {})
        )
        self.environment: Final = environment

    def with_decoder_lines(self, lines: Sequence[str]) -> Refusal:
        """Return the same refusal that also tells what the decoder printed."""
        said = {**self.failure.context, **({"decoderLines": list(lines)} if lines else {})}
        return Refusal(
            self.failure.code,
            self.failure.message,
            context=said,
            transient=self.failure.transient,
            environment=self.environment,
        )


def missing(path: bytes) -> Refusal:
    """The RAW file is not there any more."""
    return Refusal(
        "raw.missing",
        "The RAW file is gone. Put it back into the session's Raw folder.",
        context={"path": readable(path)},
    )


def lut_changed(path: bytes, reason: str) -> Refusal:
    """The .cube file is not what it was when the work was asked for; the next attempt looks anew."""
    return Refusal(
        "preset.lut_changed",
        "The .cube file that the preset names was changed or taken away meanwhile. It is looked at again.",
        context={"path": readable(path), "reason": reason},
        transient=True,
    )


def unreadable(path: bytes, error: OSError) -> Refusal:
    """The RAW file is there and cannot be read."""
    return Refusal(
        "raw.unreadable",
        f"The RAW file cannot be read ({error_name(error)}). Correct its permissions or look at the disk.",
        # Rights stay wrong until someone corrects them; a disk or a network may recover by itself.
        transient=error.errno not in (errno.EACCES, errno.EPERM),
        context={"path": readable(path), "error": error_name(error)},
    )


def not_a_file(path: bytes) -> Refusal:
    """What stands under the name is a folder, a link, a pipe, a device or a socket."""
    return Refusal(
        "raw.unsupported",
        "This is not a regular file. Put the RAW file itself into the Raw folder.",
        context={"path": readable(path)},
    )


def unsupported(reason: str) -> Refusal:
    """No decoder knows this content."""
    return Refusal(
        "raw.unsupported",
        "This is no RAW file that can be decoded here. Develop it with the camera maker's program.",
        context={"reason": reason},
    )


def truncated(reason: str, **context: object) -> Refusal:
    """The file ends before its picture does."""
    return Refusal(
        "raw.truncated",
        "The RAW file is incomplete. Copy it from the card again.",
        context={"reason": reason, **context},
    )


def damaged(reason: str, **context: object) -> Refusal:
    """The file holds data that make no sense."""
    return Refusal(
        "raw.damaged",
        "The RAW file is damaged. Copy it from the card again.",
        context={"reason": reason, **context},
    )


def no_image_data(reason: str, **context: object) -> Refusal:
    """The file decodes to something, but holds no picture."""
    return Refusal(
        "raw.no_image_data",
        "The file holds no picture, only what surrounds one. Copy the original from the card.",
        context={"reason": reason, **context},
    )


def too_large(**context: object) -> Refusal:
    """The file or its picture is beyond what is allowed to cost memory."""
    return Refusal(
        "raw.too_large",
        "The picture is larger than allowed. Raise the limit in the configuration if it is meant.",
        context=context,
    )


def longer_than_a_jpeg(**context: object) -> Refusal:
    """The picture does not fit the format of the output."""
    return Refusal(
        "raw.too_large",
        "The picture is longer than a JPEG can be. Develop it with the camera maker's program.",
        context=context,
    )


def out_of_memory() -> Refusal:
    """There was not enough memory for this picture."""
    return Refusal(
        "worker.out_of_memory",
        "There was not enough memory to develop this photo. Close other programs or raise the limit.",
        transient=True,
    )


def bug(exception: str) -> Refusal:
    """The program itself is at fault."""
    return Refusal(
        "internal.bug",
        "Development hit a fault of the program. The log has the details; report it with the RAW file.",
        context={"exception": exception[:500]},
        transient=True,
    )


_WRITING: Final = {
    errno.ENOSPC: ("disk.full", "There is no space left on the disk. Free some; work goes on by itself."),
    errno.EDQUOT: ("disk.full", "The disk quota is used up. Free some space; work goes on by itself."),
    errno.EROFS: ("disk.read_only", "The disk is read-only. Make it writable; work goes on by itself."),
    errno.EACCES: ("disk.not_permitted", "The output folder may not be written. Correct its permissions."),
    errno.EPERM: ("disk.not_permitted", "The output folder may not be written. Correct its permissions."),
    errno.EMFILE: ("system.too_many_files", "Too many files are open. Raise the limit on open files."),
    errno.ENFILE: (
        "system.too_many_files",
        "Too many files are open. Raise the system's limit on open files.",
    ),
    errno.ENOENT: ("session.gone", "The output folder is gone. Put the session's folder back."),
    errno.ENOTDIR: ("session.gone", "The output folder is gone. Put the session's folder back."),
    errno.ENOMEM: ("system.out_of_memory", "The system is out of memory. Close other programs."),
}


def not_written(part: bytes, error: OSError) -> Refusal:
    """The output could not be written."""
    if error.errno == errno.ENAMETOOLONG:
        return Refusal(
            "output.name_too_long",
            "The photo's name is too long to write an output beside it. Give the RAW file a shorter name.",
            context={"path": readable(part)},
        )
    fallback = ("disk.io", "The disk failed while the output was written. Look at the disk and its cable.")
    code, message = _WRITING.get(error.errno or 0, fallback)
    return Refusal(
        code,
        message,
        context={"path": readable(part), "error": error_name(error)},
        transient=True,
        environment=True,
    )


def not_opened(path: bytes, error: OSError) -> Refusal:
    """The RAW file could not be opened or read."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return not_written(path, error)
    if error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO):  # a folder, a link, a socket
        return not_a_file(path)
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return unreadable(path, error)
    folder = os.path.dirname(path)  # noqa: PTH120 - bytes have no pathlib
    return missing(path) if os.path.isdir(folder) else not_written(path, error)  # noqa: PTH112 - same


def error_name(error: OSError) -> str:
    """Return the symbol of the error's number, such as `ENOSPC`."""
    return errno.errorcode.get(error.errno or 0, "unknown")


def readable(path: bytes) -> str:
    """Return a path for people: UTF-8 with replacements, since messages carry no other bytes."""
    return path.decode("utf-8", "replace")
