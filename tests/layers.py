"""Who may import whom: the rules that the code is held to, and `docs/architecture.md` is printed from."""

from __future__ import annotations

CLIENT_WORDS = {"darkroom.errors", "darkroom.protocol"}
CORE = CLIENT_WORDS | {"darkroomd.core"}
SERVICES = CORE | {
    "darkroomd.store",
    "darkroomd.files",
    "darkroomd.bus",
    "darkroomd.config",
    "darkroomd.sections",
    "darkroomd.imaging.messages",
    "darkroomd.imaging.version",
}

MAY_IMPORT = {
    "darkroom.errors": set[str](),
    "darkroom.protocol": {"darkroom.errors"},
    "darkroom.wire": set[str](),
    "darkroom.client": {"darkroom.errors", "darkroom.protocol", "darkroom.wire"},
    "darkroom.aio": {"darkroom.errors", "darkroom.protocol", "darkroom.wire", "darkroom.client"},
    "darkroom.cli": {"darkroom", "darkroom.errors", "darkroom.protocol", "darkroom.wire", "darkroom.client"},
    "darkroom": {"darkroom.errors", "darkroom.protocol", "darkroom.client"},
    "darkroomd.core": CLIENT_WORDS,
    "darkroomd.sections": CORE,
    "darkroomd.config": CORE | {"darkroomd.sections"},
    "darkroomd.config_advice": CORE | {"darkroomd.config", "darkroomd.sections"},
    "darkroomd.config_print": CORE | {"darkroomd.config", "darkroomd.settings"},
    "darkroomd.config_report": CORE | {"darkroomd.config_advice", "darkroomd.settings"},
    "darkroomd.config_files": CORE | {"darkroomd.config", "darkroomd.files.reading"},
    "darkroomd.store": CORE,
    "darkroomd.files": CORE,
    "darkroomd.imaging": CORE | {"darkroomd.logs", "darkroomd.system.heap"},
    "darkroomd.bus": set[str](),
    "darkroomd.logs": set[str](),
    "darkroomd.system": {"darkroom.errors"},
    "darkroomd.services": SERVICES,
    "darkroomd.api": SERVICES | {"darkroomd.services", "darkroomd.system", "darkroom.wire"},
    "darkroomd.state_command": SERVICES | {"darkroomd.services", "darkroomd.system"},
    "darkroomd.demo": {"darkroom", "darkroom.client", "darkroom.errors", "darkroom.protocol"},
    "darkroomd.installation": {"darkroom.errors", "darkroomd.files"},
    "darkroomd.settings": {"darkroom", "darkroomd"},
    "darkroomd.configuring": {"darkroom", "darkroomd"},
    "darkroomd.composition": {"darkroom", "darkroomd"},
    "darkroomd.app": {"darkroom", "darkroomd"},
    "darkroomd.__main__": {"darkroom", "darkroomd"},
    "darkroomd": set[str](),
}
"""A layer and the layers it may name, beside itself; the longest name that fits counts."""

PURE = ("darkroomd.core", "darkroom.protocol", "darkroom.wire")
IMPURE = {
    "time", "os", "io", "socket", "threading", "random", "secrets", "uuid", "logging", "structlog", "anyio",
    "asyncio", "subprocess", "sqlite3", "shutil", "tempfile", "fcntl", "select", "signal",
}  # fmt: skip

ONLY_IN = {
    "sqlite3": ("darkroomd.store",),
    "rawpy": ("darkroomd.imaging",),
    "numpy": ("darkroomd.imaging",),
    "cv2": ("darkroomd.imaging",),
    "PIL": ("darkroomd.imaging",),
    "threadpoolctl": ("darkroomd.imaging",),
    "watchfiles": ("darkroomd.files",),
    "asyncio": ("darkroomd.api.duplex", "darkroomd.api.turn"),
    "threading": ("darkroomd.imaging", "darkroomd.files.watch", "darkroomd.system.ending"),
}
