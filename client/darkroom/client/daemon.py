"""The daemon as a whole: the methods of the client."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from darkroom.client.exchange import Exchange
from darkroom.client.patience import SILENCE_SECONDS, Patience
from darkroom.errors import DARKROOM_INTERFACE, SERVICE_INTERFACE, ConnectionLost, DaemonUnreachable, Stopping
from darkroom.protocol import calls, replies, service
from darkroom.protocol.types import Summary


class DaemonCalls(Exchange):
    """Asks how the daemon is, and what it can do."""

    def get_summary(self) -> Summary:
        """Return what a status line shows."""
        return self._ask(calls.GetSummary(), replies.SummaryReply).summary

    def watch_summary(
        self, *, interval_usec: int | None = None, patience: float = 30.0
    ) -> Generator[Summary, None, None]:
        """Yield what a status line shows: now, upon each change, and every 20 seconds at least.

        It never ends by itself; a daemon that is restarted is waited for.

        Args:
            interval_usec: microseconds between two of them, at least; None: half a second.
            patience: seconds to wait for a daemon that went away.
        """
        waiting = Patience(patience)
        question = calls.GetSummary(interval_usec=interval_usec)
        while True:
            try:
                following = self._follow(question, replies.SummaryReply, silence_seconds=SILENCE_SECONDS)
                with closing(following) as answers:
                    for reply in answers:
                        waiting.renew()
                        yield reply.summary
            except (ConnectionLost, DaemonUnreachable, Stopping) as error:
                waiting.wait_after(error)
            else:
                # A daemon that stops takes its leave with a last reply.
                waiting.wait_after(ConnectionLost())

    def get_health(self) -> replies.HealthReply:
        """Return what the daemon says of itself."""
        return self._ask(calls.GetHealth(), replies.HealthReply)

    def reload(self) -> replies.ReloadReply:
        """Have the configuration read again; return what changed, and what needs a restart to change.

        Raises:
            InvalidConfiguration: it is not valid, and nothing of it was applied.
        """
        return self._ask_once(calls.Reload(), replies.ReloadReply)

    def interfaces(self) -> tuple[str, ...]:
        """Return the names of the interfaces the daemon has."""
        return self._ask(service.GetInfo(), service.InfoReply, interface=SERVICE_INTERFACE).interfaces

    def describe(self, interface: str = DARKROOM_INTERFACE) -> str:
        """Return the description of an interface in Varlink's language, or raise `InterfaceNotFound`."""
        question = service.GetInterfaceDescription(interface=interface)
        return self._ask(question, service.DescriptionReply, interface=SERVICE_INTERFACE).description
