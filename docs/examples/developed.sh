#!/bin/sh
# The path of each JPEG, as soon as it is there, until the daemon stops.
set -eu
socket=${DARKROOM_SOCKET:-${XDG_RUNTIME_DIR:-/run}/darkroomd/darkroomd.sock}

echo '{"method": "io.darkroomd.Darkroom.Watch", "parameters": {"kinds": ["photo.changed"]}, "more": true}' |
    nc -N -U "$socket" |
    jq --unbuffered -r '.parameters.event.photo | select(.state == "developed") | .outputs[].file.path'
