"""The arguments of the commands that say where photos are looked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from darkroom.cli.steering import PRIORITIES, Declare

# What adds an action to a group of them, with what every command takes.
Act = Callable[[argparse.ArgumentParser], Declare]


def declare_session(command: Declare, act: Act) -> None:
    """Add `session` and its actions."""
    add = act(command("session", "Add, remove or look through a session."))
    action = add("add", "Watch a folder as a session; Raw/ is made in it if it is not there.")
    action.add_argument("folder", metavar="FOLDER", help="the folder that holds Raw/")
    action.add_argument("--preset", metavar="PRESET", help="what photos that arrive are developed with")
    action = add("remove", "Forget a session; no file is touched.")
    action.add_argument("session", metavar="SESSION", help="name, folder or id")
    action.add_argument("--cancel-jobs", action="store_true", help="stop what is queued of it")
    action = add("rescan", "Queue what has no up-to-date JPEG.")
    action.add_argument("session", metavar="SESSION", help="name, folder or id")
    action.add_argument("--priority", choices=PRIORITIES, help="how urgent; default: low")
    action.add_argument("--paused", action="store_true", help="start nothing of it before `darkroom resume`")
    action.add_argument("--label", metavar="TEXT", help="shown in lists")
    action = add("preset", "Choose what photos that arrive from now on are developed with.")
    action.add_argument("session", metavar="SESSION", help="name, folder or id")
    which = action.add_mutually_exclusive_group(required=True)
    which.add_argument("preset", metavar="PRESET", nargs="?", help="id of a preset; see `darkroom presets`")
    which.add_argument("--default", action="store_true", help="the one that the daemon is configured with")


def declare_root(command: Declare, act: Act) -> None:
    """Add `root` and its actions."""
    add = act(command("root", "Add, remove or list the folders of sessions."))
    action = add("add", "Watch the sub-folders of a folder as sessions.")
    action.add_argument("folder", metavar="FOLDER", help="the folder around the sessions")
    action = add("remove", "Watch a root no more, nor the sessions in it that nobody added.")
    action.add_argument("root", metavar="ROOT", help="folder or id")
    add("list", "List the roots.")
