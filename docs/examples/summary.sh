#!/bin/sh
# One line about what the daemon does, with nothing but netcat and jq.
set -eu
socket=${DARKROOM_SOCKET:-${XDG_RUNTIME_DIR:-/run}/darkroomd/darkroomd.sock}

echo '{"method": "io.darkroomd.Darkroom.GetSummary"}' |
    nc -N -U "$socket" |
    jq -er '.parameters.summary.text // error(.error)'
