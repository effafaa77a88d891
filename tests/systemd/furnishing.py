"""The root folder of a machine: a system of its own but for the programs, which are the host's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

VERSION: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"

FOLDERS: Final = (
    "boot", "dev", "etc/pam.d", "etc/systemd/system", "home", "mnt", "opt/darkroomd/bin", "opt/dependencies",
    "opt/python", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var/lib/systemd/linger", "var/log",
    "var/tmp", "opt/darkroomd/lib/python/site-packages/darkroom",
    "opt/darkroomd/lib/python/site-packages/darkroomd",
    "opt/darkroomd/share/darkroomd/systemd",
)  # fmt: skip

BOOTH_UID: Final = 1000
"""Of the person who uses the machine."""

FILES: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
    f"booth:x:{BOOTH_UID}:{BOOTH_UID}:Booth:/home/booth:/bin/sh\n",
    "etc/group": f"root:x:0:\ntty:x:5:\nbooth:x:{BOOTH_UID}:\n",
    "etc/shadow": "root:*:19000::::::\nbooth:*:19000::::::\n",
    "etc/gshadow": "root:*::\ntty:*::\nbooth:*::\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/ld.so.conf": "/opt/python/lib\n",
    "etc/hostname": "darkroom\n",
    "etc/os-release": "ID=darkroom\nNAME=darkroom\n",
    # The user's own systemd is a session like any other; nothing else logs in here.
    "etc/pam.d/systemd-user": "account required pam_permit.so\nsession optional pam_systemd.so\n",
    "etc/pam.d/other": "account required pam_permit.so\nauth required pam_deny.so\n",
    "opt/darkroomd/pyvenv.cfg": "home = /opt/python/bin\ninclude-system-site-packages = false\n",
    # Only the folder itself is searched: an editable install in it does not come into force.
    "opt/darkroomd/lib/python/site-packages/dependencies.pth": "/opt/dependencies\n",
    "opt/darkroomd/bin/darkroomd": "#!/opt/darkroomd/bin/python3\n"
    "import sys\nfrom darkroomd.__main__ import main\nsys.exit(main())\n",
    "opt/darkroomd/bin/darkroom": "#!/opt/darkroomd/bin/python3\n"
    "import sys\nfrom darkroom.cli.main import process\nsys.exit(process())\n",
}

LINKS: Final = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "var/run": "/run",
    "etc/mtab": "/proc/self/mounts",
    "etc/systemd/system/default.target": "/usr/lib/systemd/system/multi-user.target",
    "opt/darkroomd/bin/python3": f"/opt/python/bin/{VERSION}",
    f"opt/darkroomd/lib/{VERSION}": "python",
}

UNNEEDED: Final = (
    "console-getty.service", "cryptsetup.target", "dev-hugepages.mount", "dev-mqueue.mount", "getty.target",
    "integritysetup.target", "kmod-static-nodes.service", "ldconfig.service",
    "proc-sys-fs-binfmt_misc.automount", "sys-fs-fuse-connections.mount", "sys-kernel-config.mount",
    "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path", "systemd-binfmt.service", "systemd-firstboot.service",
    "systemd-hwdb-update.service", "systemd-initctl.socket", "systemd-journal-catalog-update.service",
    "systemd-journald-audit.socket", "systemd-machine-id-commit.service", "systemd-modules-load.service",
    "systemd-networkd.service", "systemd-pcrphase-sysinit.service", "systemd-pcrphase.service",
    "systemd-random-seed.service", "systemd-repart.service", "systemd-resolved.service",
    "systemd-sysctl.service", "systemd-timesyncd.service", "systemd-tmpfiles-clean.timer",
    "systemd-udev-trigger.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udevd.service", "systemd-update-done.service", "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service", "veritysetup.target",
)  # fmt: skip
"""What would make the boot longer, and is for hardware or people at a console."""


def furnish(root: Path) -> None:
    """Make the root folder of a machine that was never booted; `root` must be empty and root's."""
    root.chmod(0o755)
    for folder in FOLDERS:
        (root / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "var" / "tmp").chmod(0o1777)
    for name, text in FILES.items():
        (root / name).write_text(text)
    for script in ("darkroomd", "darkroom"):
        (root / "opt" / "darkroomd" / "bin" / script).chmod(0o755)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    for unit in UNNEEDED:
        (root / "etc" / "systemd" / "system" / unit).symlink_to("/dev/null")
    home = root / "home" / "booth"
    home.mkdir(mode=0o700)
    os.chown(home, BOOTH_UID, BOOTH_UID)
