"""The arguments of the commands that say where photos are looked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from darkroom.cli.steering import PRIORITIES, Declare

# What adds an action to a group of them, with what every command takes.
Act = Callable[[argparse.ArgumentParser], Declare]


def declare_places(command: Declare, act: Act) -> None:
    """Add these commands."""
    _session(act(command("session", "Add, remove or look through a session.")))
    _root(act(command("root", "Add, remove or list the folders of sessions.")))


def _session(add: Declare) -> None:
    command = add("add", "Watch a folder as a session; Raw/ is made in it if it is not there.")
    command.add_argument("folder", metavar="FOLDER", help="the folder that holds Raw/")
    command.add_argument("--preset", metavar="PRESET", help="what photos that arrive are developed with")
    command = add("remove", "Forget a session; no file is touched.")
    command.add_argument("session", metavar="SESSION", help="name, folder or id")
    command.add_argument("--cancel-jobs", action="store_true", help="stop what is queued of it")
    command = add("rescan", "Queue what has no up-to-date JPEG.")
    command.add_argument("session", metavar="SESSION", help="name, folder or id")
    command.add_argument("--priority", choices=PRIORITIES, help="how urgent; default: low")
    command.add_argument("--paused", action="store_true", help="start nothing of it before `darkroom resume`")
    command.add_argument("--label", metavar="TEXT", help="shown in lists")
    command = add("preset", "Choose what photos that arrive from now on are developed with.")
    command.add_argument("session", metavar="SESSION", help="name, folder or id")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("preset", metavar="PRESET", nargs="?", help="id of a preset; see `darkroom presets`")
    which.add_argument("--default", action="store_true", help="the one that the daemon is configured with")


def _root(add: Declare) -> None:
    command = add("add", "Watch the sub-folders of a folder as sessions.")
    command.add_argument("folder", metavar="FOLDER", help="the folder around the sessions")
    command = add("remove", "Watch a root no more, nor the sessions in it that nobody added.")
    command.add_argument("root", metavar="ROOT", help="folder or id")
    add("list", "List the roots.")
