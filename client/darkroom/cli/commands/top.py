"""`darkroom top`: all that goes on, on one page that keeps up with it."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import deque
from itertools import islice
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.commands.status import running_item
from darkroom.cli.commands.watch import Story
from darkroom.cli.footer import Footer, Standing, standing
from darkroom.cli.tables import Paint, Tone
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.cli.top import View, page
from darkroom.cli.window import Window
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Event, Summary

_LOOK_SECONDS: Final = 0.25
"""So long a key or a new size of the window waits to be noticed."""

_TOLD: Final = 200
_WAITING_JOBS: Final = 50
_AT_ONCE: Final = 100
_TOLD_KINDS: Final = frozenset(
    {"photo.added", "photo.changed", "photo.missing", "queue.changed", "reset", "stopping"}
)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Keep a page up to date until `q` or Ctrl-C; without a terminal, show a line upon each change."""
    if arguments.json or not screen.can_redraw:
        _show_lines(client, screen, json=arguments.json)
    else:
        _show_page(client, Board(client, client.get_summary(), paint=screen.paint))
    return EXIT_DONE


def _show_lines(client: Client, screen: Screen, *, json: bool) -> None:
    told = ""
    for summary in client.watch_summary():
        if json:
            screen.show_json([msgspec.json.encode(summary)])
        elif summary.text != told:
            told = summary.text
            screen.show([f"{words.clock(time.time_ns() // 1000)}  {printable(told)}"])


def _show_page(client: Client, board: Board) -> None:
    # Who leaves this on a screen on the wall wants it to be there also after a long time without the daemon.
    with client.watch(patience=math.inf) as events, Window() as window:
        while "q" not in window.pressed().lower():
            event = events.next_within(_LOOK_SECONDS)
            # What has come meanwhile costs one look and one page, and not one each.
            for _ in range(_AT_ONCE):
                if event is None:
                    break
                board.take(event)
                event = events.next_within(0)
            window.draw(board.lines(window.size, connected=events.connected))


class Board:
    """What is on the page, kept up to date by what happens."""

    def __init__(self, client: Client, summary: Summary, *, paint: Paint) -> None:
        self._client = client
        self._paint = paint
        self._view = View(summary, None, (), ())
        self._footer = Footer(self._look)
        self._story = Story(paint=paint)
        self._told: deque[str] = deque(maxlen=_TOLD)

    def take(self, event: Event) -> None:
        """Take note of what happened."""
        self._footer.take(event, now=time.monotonic())
        # What is being developed stands above.
        if event.kind in _TOLD_KINDS and (event.photo is None or event.photo.state != "developing"):
            self._told.extendleft(self._story.lines(event))

    def lines(self, size: os.terminal_size, *, connected: bool) -> list[str]:
        """Return the page for a window of this size."""
        if not connected:
            gone = self._paint("The daemon has gone away; it is waited for.", Tone.BAD)
            return [gone, "", *self._page(size, progress="")][: size.lines]
        return self._page(size, progress=self._footer.progress(now=time.monotonic()))

    def _page(self, size: os.terminal_size, *, progress: str) -> list[str]:
        return page(self._view, progress=progress, told=list(self._told), size=size, paint=self._paint)

    def _look(self) -> Standing:
        client = self._client
        summary = client.get_summary()
        waiting = islice(client.list_jobs(by_position=True), _WAITING_JOBS)
        running = running_item(client, summary)
        self._view = View(summary, running, tuple(client.list_sessions()), tuple(waiting))
        return standing(summary)
