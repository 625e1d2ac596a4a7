#!/bin/sh
# Before a removal (deb: remove, rpm: 0), not before an upgrade: every daemon that runs this file resigns its routers, gives
# back its addresses and takes the filter off, however it was started.
set -e

case $1 in
remove | deconfigure | 0) ;;
*) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
	systemctl --quiet disable --now xvrrp.service
fi

running() {
	for exe in /proc/[0-9]*/exe; do
		# shellcheck disable=SC3013 # every sh of a Linux distribution knows -ef
		[ "$exe" -ef /usr/sbin/xvrrp ] || continue
		pid=${exe%/exe}
		echo "${pid#/proc/}"
	done
}

for pid in $(running); do
	kill -TERM "$pid" 2>/dev/null || true # it has just ended
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -n "$(running)" ] || exit 0
	sleep 1
done
echo "xvrrp still runs as process $(running | xargs): end it and remove the package again" >&2
exit 1
