#!/bin/sh
# Before a removal (deb: remove, rpm: 0), not before an upgrade.
set -e

case $1 in
remove | deconfigure | 0) ;;
*) exit 0 ;;
esac

[ -d /run/systemd/system ] || exit 0
systemctl --quiet disable --now keepalived.service
