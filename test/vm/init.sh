#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the machine that vm.sh starts: prepares it, runs the program and switches it off.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
while read -r module; do
	insmod "/modules/$module" || echo "cannot load $module"
done </modules/order
ip link set lo up
for port in /dev/ttyS1 /dev/ttyS2; do
	stty -F $port raw -echo
done
sh /command >/dev/ttyS1 2>&1
echo $? >/dev/ttyS2
poweroff -f
