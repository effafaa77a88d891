#!/bin/sh
# Keeps the computer free while a camera is read out, and hands over whole files. In the session's folder Raw:
#
#   gphoto2 --hook-script gphoto2_hook.sh --capture-image-and-download --filename '.%f.%C'
#
# gphoto2 tells in ACTION where it is, and in ARGUMENT which file it has written.
set -eu

case "$ACTION" in
start)
    # Work is held back while the command behind inhibit runs. It says so once that is in force; where it
    # cannot be, the camera is read all the same. A hook that is never told to stop lets go after an hour.
    rm -f .held && mkfifo .held
    darkroom inhibit --all --anyway --who gphoto2 --why "The camera is read out." -- \
        sh -c 'echo held && exec sleep 3600 >&-' >.held &
    echo $! >.holder
    read -r _ <.held || true
    rm -f .held
    ;;
download)
    # A name that begins with a dot is left alone; under its own name the file is whole from the beginning.
    mv -n -- "$ARGUMENT" "$(dirname -- "$ARGUMENT")/$(basename -- "$ARGUMENT" | sed 's/^\.//')"
    ;;
stop)
    kill "$(cat .holder)" 2>/dev/null || true
    rm -f .holder
    ;;
esac
