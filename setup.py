"""What `pyproject.toml` cannot say: a source archive that is the same for everybody who builds it."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path
from typing import Final

from setuptools import setup
from setuptools.command.sdist import sdist

EARLIEST: Final = 315_532_800
"""1980-01-01 UTC: zip archives know no time before it."""

EXECUTABLE: Final = 0o111


class ReproducibleSdist(sdist):
    """Packs files in the order of their names, of nobody, all of the time that SOURCE_DATE_EPOCH says."""

    def make_archive(  # noqa: PLR0917 - as in the class above
        self,
        base_name: str | os.PathLike[str],
        format: str,  # noqa: A002 - its name in the class above
        root_dir: str | os.PathLike[str] | bytes | os.PathLike[bytes] | None = None,
        base_dir: str | None = None,
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """Write `<base_name>.tar.gz`; see `setuptools.Command.make_archive`."""
        if format != "gztar" or base_dir is None:
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        target = f"{os.fspath(base_name)}.tar.gz"
        now = int(os.environ.get("SOURCE_DATE_EPOCH", EARLIEST))
        with (
            Path(target).open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=now) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in sorted(Path(base_dir).rglob("*")):
                if path.is_file():
                    with path.open("rb") as content:
                        archive.addfile(_entry(archive, path, now=now), content)
        return target


def _entry(archive: tarfile.TarFile, path: Path, *, now: int) -> tarfile.TarInfo:
    entry = archive.gettarinfo(path, arcname=path.as_posix())
    entry.mtime = now
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.mode & EXECUTABLE else 0o644
    return entry


setup(cmdclass={"sdist": ReproducibleSdist})
