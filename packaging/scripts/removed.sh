#!/bin/sh
# After a removal. Purging forgets what xvrrp router --keep had changed; /etc/xvrrp stays with what was written there.
set -e

if [ "$1" = purge ]; then
	rm -rf /var/lib/xvrrp
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
