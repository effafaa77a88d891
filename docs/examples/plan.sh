#!/bin/sh
# What an export of a session would do with each photo, and why: plan.sh SESSION
set -eu

darkroom --json export "$1" --dry-run |
    jq -r 'select(.event == "export_planned").fields | "\(.reason)\t\(.raw)"'
