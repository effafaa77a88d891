"""The client for anyio: the same methods as the blocking one, to be awaited, under asyncio and trio.

    from darkroom.aio import AsyncClient

    async with AsyncClient() as client:
        print((await client.get_summary()).text)
        async with client.watch() as events:
            async for event in events:
                print(event.kind)

The modules of this package that the blocking client has as well are printed from those.
"""

from darkroom.aio.client import AsyncClient
from darkroom.aio.inhibition import Inhibition
from darkroom.aio.watching import EventStream

__all__ = ["AsyncClient", "EventStream", "Inhibition"]
