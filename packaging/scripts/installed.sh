#!/bin/sh
# After an installation or upgrade (deb and rpm). A daemon that runs is started anew. None is enabled or started unasked:
# it would take keepalived's place, which the units' Conflicts= makes thorough.
set -e

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart xvrrp.service
