#!/bin/bash
# A clean system of the distribution this machine runs, for installing packages in.
#
#	system.sh          makes it below the cache, unless it is there, and prints its folder
#	system.sh boot DIR boots the system in DIR with its own systemd as process 1; to be run as the first process of
#	                   fresh mount, pid and cgroup namespaces, in the network namespace it is to have
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

make() {
	local distribution architecture cache root work
	# shellcheck source=/dev/null
	distribution=$(. /etc/os-release && echo "$VERSION_CODENAME")
	architecture=$(dpkg --print-architecture)
	cache=${XVRRP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xvrrp}/systems
	root=$cache/$distribution-$architecture
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
	if [ ! -d "$root" ]; then
		rm -rf "$cache"/making.*
		work=$(mktemp -d "$cache/making.XXXXXX")
		chmod 755 "$work"
		DEBOOTSTRAP_DIR=$("$here/../peers.sh" debootstrap)/usr/share/debootstrap \
			"$here/../peers.sh" debootstrap debootstrap --variant=minbase --include=systemd,iproute2 \
			"$distribution" "$work" >&2
		rm -f "$work"/var/cache/apt/archives/*.deb
		mv "$work" "$root"
	fi
	echo "$root"
}

boot() {
	local root=$1
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount -t tmpfs tmpfs "$root/run"
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	else
		mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
		mkdir "$root/sys/fs/cgroup/systemd"
		mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
	fi
	cd "$root"
	exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" \
		/lib/systemd/systemd --log-target=console --show-status=no
}

case ${1-} in
'') make ;;
boot) boot "$2" ;;
*)
	echo 'usage: system.sh [boot DIR]' >&2
	exit 1
	;;
esac
