#!/bin/bash
# Runs a test's program as root on another kernel: a stock one of Debian's, in a machine that QEMU emulates.
#
#	go test -exec "$PWD/test/vm.sh SERIES" PACKAGE...	SERIES is 5.10, 6.1 or 6.12
#	test/vm.sh SERIES PROGRAM [ARGUMENT]...
#
# The machine has the checkout, the program (which must be static) and busybox, the folder it is started in, and
# nothing else: what the program writes is gone with it. It needs neither root nor KVM; its clock says nothing
# about the speed of anything. Kernels are unpacked into the cache of peers.sh, and QEMU is where it is missing.
set -euo pipefail

die() { printf 'vm.sh: %s\n' "$1" >&2; exit 125; } # a status that no test ends with

[ $# -ge 2 ] || die 'usage: vm.sh SERIES PROGRAM [ARGUMENT]...'
series=$1 program=$2
shift 2
repository=$(cd "$(dirname "$0")/.." && pwd)
peers=${XVRRP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xvrrp/peers}
kernel=$peers/kernel/$series
limit=3600 # seconds

case $series in
5.10) suite=bullseye ;;
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
*) die "no Debian release has a kernel $series: choose 5.10, 6.1 or 6.12" ;;
esac

mkdir -p "$peers/kernel"
work=$(mktemp -d "$peers/kernel/work.XXXXXX") # where a rename makes a kernel appear at once
trap 'rm -rf "$work"' EXIT
machine=$work/machine

# archive runs an apt program on the archive of $suite alone, whatever this machine installs from.
archive() {
	"$@" -qq \
		-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- \
		-o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" \
		-o Debug::NoLocking=true -o APT::Sandbox::User= -o APT::Architecture=amd64 \
		-o Acquire::Retries=3 -o Acquire::http::Timeout=30
}

# unpack fills $kernel. A kernel's dependencies are for installing it; the meta package leads to the newest.
unpack() {
	local image deb keys=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$keys" ] || die "fetching a Debian kernel needs $keys, from the package debian-archive-keyring"
	mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
	printf 'deb [signed-by=%s] http://deb.debian.org/%s main\n' \
		"$keys" "debian $suite" "$keys" "debian-security $suite-security" >"$work/sources.list"
	archive apt-get update >&2 || die "cannot fetch the package lists of $suite: is the archive in reach?"
	image=$(archive apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p')
	(cd "$work" && archive apt-get download "$image" busybox-static >&2) || die "cannot download $image"
	for deb in "$work"/*.deb; do
		dpkg-deb --extract "$deb" "$work/root"
	done
	mv "$work/root" "$kernel"
}

# module NAME puts a module of the kernel into the machine, unless it is built in.
module() {
	local file
	file=$(find "$kernel" -name "$1.ko*" -print -quit)
	case $file in
	*.xz) xz --decompress --stdout "$file" >"$machine/modules/$1.ko" ;;
	*.ko) cp "$file" "$machine/modules/" ;;
	'') return ;;
	*) die "do not know how to unpack $file" ;;
	esac
	printf '%s\n' "$1.ko" >>"$machine/modules/order"
}

if [ ! -d "$kernel" ]; then
	for tool in apt-get apt-cache dpkg-deb flock; do
		command -v "$tool" >/dev/null || die "unpacking a kernel needs $tool: this works on Debian and Ubuntu"
	done
	exec 9>"$peers/kernel/lock"
	flock 9 # go test may start several at once
	[ -d "$kernel" ] || unpack
	exec 9>&-
fi
busybox=$(find "$kernel" -path '*bin/busybox' -print -quit)
qemu=(qemu-system-x86_64)
command -v "${qemu[0]}" >/dev/null || qemu=("$repository/test/peers.sh" qemu-system-x86 "${qemu[@]}")

mkdir -p "$machine"/{bin,dev,etc,modules,proc,run,sys,tmp,xvrrp}
cp "$busybox" "$machine/bin/"
cp "$repository/test/vm/init.sh" "$machine/init"
cp "$program" "$machine/program"
tar -C "$repository" --exclude=./.git --exclude=./bin -c . | tar -C "$machine/xvrrp" -x
printf 'cd %q && exec /program %s\n' "/xvrrp/${PWD#"$repository"}" "${*@Q}" >"$machine/command"
for name in llc stp bridge garp mrp 8021q tls bonding veth sch_ingress cls_bpf; do # in the order of their dependencies
	module "$name"
done
(cd "$machine" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$work/initrd"

# The kernel's console, what the program prints and its exit status come through a serial port each. One
# processor, since a second may stumble over the kernel patching its own code; without the string instructions
# that the emulation takes byte by byte, which would make the verifier twice as slow.
timeout --kill-after=10 "$limit" "${qemu[@]}" -accel tcg -cpu max,-erms,-fsrm -smp 1 -m 1G \
	-nodefaults -display none -no-reboot \
	-serial "file:$work/console" -serial stdio -serial "file:$work/status" \
	-kernel "$(find "$kernel/boot" -name 'vmlinuz-*' -print -quit)" -initrd "$work/initrd" \
	-append 'console=ttyS0 panic=-1 mitigations=off tsc=reliable random.trust_cpu=on' </dev/null &
trap 'kill $!' INT TERM QUIT # with the last go test ends what takes too long
wait $! || die "QEMU ended with status $?"
read -r status <"$work/status" || {
	tail -n 40 "$work/console" >&2
	die "the machine with kernel $series ended before its program did"
}
exit "$status"
