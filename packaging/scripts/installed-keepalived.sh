#!/bin/sh
# After an installation or upgrade (deb and rpm). The unit of the real keepalived may have been enabled and stays so.
set -e

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart keepalived.service
