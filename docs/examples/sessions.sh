#!/bin/sh
# The sessions and how far they are, with the tool that comes with systemd.
set -eu
socket=${DARKROOM_SOCKET:-${XDG_RUNTIME_DIR:-/run}/darkroomd/darkroomd.sock}

varlinkctl --json=short call "$socket" io.darkroomd.Darkroom.ListSessions '{"limit": 1000}' |
    jq -r '.sessions[] | "\(.name): \(.developedCount) of \(.photoCount)"'
