#!/bin/sh
# The first process of a machine. It runs in namespaces of its own, lays the host's programs over the
# machine's root folder, leaves the host's files behind, and becomes systemd.
#
# Usage: boot.sh ROOT PYTHON DEPENDENCIES CHECKOUT [SYSTEMD_ARGUMENT...]
set -eu

root=$1 python=$2 dependencies=$3 checkout=$4
shift 4
packages="$root/opt/darkroomd/lib/python/site-packages"

lay() {
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

echo begun
exec >&2

mount --make-rprivate /
mount --bind "$root" "$root"
lay /usr "$root/usr"
lay "$python" "$root/opt/python"
# A Python with a library of its own was told where that is; here it is elsewhere.
[ -e "$root/etc/ld.so.cache" ] || ldconfig -X -r "$root"
lay "$dependencies" "$root/opt/dependencies"
lay "$checkout/client/darkroom" "$packages/darkroom"
lay "$checkout/daemon/darkroomd" "$packages/darkroomd"
lay "$checkout/systemd" "$root/opt/darkroomd/share/darkroomd/systemd"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
# What systemd would set there is the host's, too.
lay "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 0666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 0666 "$root/dev/tty" c 5 0
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

hostname darkroom
cd "$root"
pivot_root . .
umount -l .
cd /
exec env -i container=darkroom NOTIFY_SOCKET=/boot/notify LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin /usr/lib/systemd/systemd "$@"
