#!/bin/bash
# Programs from the distribution's packages, unpacked into a cache folder. Nothing is installed and no service is
# started: package lists, downloads and files all stay below the cache.
#
#	peers.sh PACKAGE[,PACKAGE]                 prints the folder
#	peers.sh PACKAGE[,PACKAGE] COMMAND...      runs the command with the folder's programs and libraries in reach
#
# The folder holds the packages and whichever of their dependencies the machine lacks. It is named after the
# first package and made in one rename: an interrupted run leaves none, a second run is quick.
set -euo pipefail

die() { printf 'peers.sh: %s\n' "$1" >&2; exit 1; }

[ $# -gt 0 ] || die 'usage: peers.sh PACKAGE[,PACKAGE] [COMMAND...]'
for tool in apt-get dpkg-deb flock; do
	command -v "$tool" >/dev/null || die "unpacking $1 needs $tool: this works on Debian and Ubuntu"
done

IFS=, read -ra packages <<<"$1"
shift
architecture=$(dpkg --print-architecture)
# shellcheck source=/dev/null
distribution=$(. /etc/os-release && printf '%s-%s' "$ID" "${VERSION_ID:-rolling}")
cache=${XVRRP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xvrrp/peers}/$distribution-$architecture
root=$cache/${packages[0]}

# unpack fills $root. The options keep apt-get to the cache, so that it needs no root and changes nothing.
unpack() {
	local options=(-qq
		-o "Dir::State::Lists=$cache/lists"
		-o "Dir::Cache=$cache"
		-o Debug::NoLocking=true
		-o APT::Sandbox::User=
		-o Acquire::Retries=3
		-o Acquire::http::Timeout=30)
	mkdir -p "$cache/lists/partial" "$cache/archives/partial"

	# Lists a day old may name versions that the archive has replaced since.
	if [ -z "$(find "$cache/lists" -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit)" ]; then
		apt-get "${options[@]}" update >&2 || die 'cannot fetch the package lists: is the package archive in reach?'
	fi

	# A simulated installation resolves dependencies exactly as a real one would. libc stays the machine's own:
	# one process cannot hold two.
	local lacking work deb
	lacking=$(apt-get "${options[@]}" --simulate --no-install-recommends install "${packages[@]}" |
		awk '$1 == "Inst" && $2 !~ /^libc(6|-bin)$/ { print $2 }') ||
		die "cannot resolve the dependencies of ${packages[*]}"

	work=$(mktemp -d "$cache/unpack.XXXXXX")
	mkdir "$work/debs" "$work/root"
	# shellcheck disable=SC2086 # one word per package
	(cd "$work/debs" && printf '%s\n' "${packages[@]}" $lacking | sort -u |
		xargs apt-get "${options[@]}" download >&2) || { rm -rf "$work"; die "cannot download ${packages[*]}"; }
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --extract "$deb" "$work/root"
	done
	mv "$work/root" "$root"
	rm -rf "$work"
}

if [ ! -d "$root" ]; then
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9 # tests of several packages may ask at once
	[ -d "$root" ] || unpack
	exec 9>&-
fi

if [ $# -eq 0 ]; then
	printf '%s\n' "$root"
	exit
fi
libraries=$(find "$root" -name "*.so*" -printf "%h\n" | sort -u | paste -sd:)
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH=$root/usr/sbin:$root/usr/bin:$root/sbin:$root/bin:$root/usr/lib/frr:$PATH
exec "$@"
