"""From a RAW file to part files: unpack, develop, encode, write."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from darkroomd.core.allowance import Burden
from darkroomd.core.stages import DEVELOP, ENCODE, UNPACK, Labour, percent_at
from darkroomd.imaging import decoder, soundness, styling
from darkroomd.imaging.chatter import Chatter, captured
from darkroomd.imaging.digest import sha256_beside
from darkroomd.imaging.kernel import Bits, Shown
from darkroomd.imaging.light import shallow
from darkroomd.imaging.messages import Develop, Developed
from darkroomd.imaging.metadata import Metadata, read_metadata
from darkroomd.imaging.outputs import write_outputs
from darkroomd.imaging.refusals import Refusal
from darkroomd.imaging.sensors import sensor_of
from darkroomd.imaging.source import read_source
from darkroomd.imaging.styling import Style
from darkroomd.imaging.version import pipeline_version

DEEP: Final = 16
"""Bits of a channel where 8 are too few for what follows."""

WARNING_LIMIT: Final = 20
"""Of lines about one photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one photo may cost.

    Attributes:
        file_bytes: length of the RAW file.
        pixels: of the sensor.
    """

    file_bytes: int = 1 << 30
    pixels: int = 250_000_000


@dataclass(slots=True)
class Stopwatch:
    """Announces the stages and measures how long each takes; `labour` is to be told before the second one."""

    announce: Callable[[str, int], None]
    labour: Labour = field(default_factory=Labour)
    seconds: dict[str, float] = field(default_factory=dict, init=False)
    _running: str | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)

    def enter(self, stage: str) -> None:
        """End the stage that runs and begin this one."""
        self.stop()
        self._running, self._since = stage, time.monotonic()
        self.announce(stage, percent_at(stage, self.labour))

    def stop(self) -> None:
        """End the stage that runs."""
        if self._running is not None:
            self.seconds[self._running] = round(time.monotonic() - self._since, 4)
        self._running = None


def _take_note(_burden: Burden) -> None:
    return


def develop(
    request: Develop,
    *,
    limits: Limits,
    announce: Callable[[str, int], None],
    on_opened: Callable[[Burden], None] = _take_note,
) -> Developed:
    """Do what is asked and return the facts.

    Args:
        request: what is asked.
        limits: what it may cost.
        announce: is told each stage and its percentage.
        on_opened: is told what the photo costs before it is unpacked.

    Raises:
        Refusal: the work cannot be done; no part file is left behind.
    """
    watch = Stopwatch(announce)
    watch.enter(UNPACK)
    blob = read_source(request.source, limit_bytes=limits.file_bytes)
    with sha256_beside(blob) as sha256:
        pixels, style, metadata, warnings = _picture(
            blob, request, limits=limits, watch=watch, on_opened=on_opened
        )
        seed = sha256()
    del blob
    left_out = styling.left_out(pixels, style)
    warnings = (*left_out.values(), *warnings)
    pixels = styling.finish(pixels, style.look, seed=seed)
    if not _wants_depth(request):
        # The deep picture would stay in memory for as long as the outputs are written.
        pixels = shallow(pixels)
    watch.enter(ENCODE)
    height, width = pixels.shape[:2]
    parts = write_outputs(pixels, metadata, request)
    watch.stop()
    return Developed(
        fence=request.fence,
        parts=parts,
        raw_sha256=seed.hex(),
        width=width,
        height=height,
        captured_at_usec=metadata.captured_at_usec,
        zone_minutes=metadata.zone_minutes,
        camera=metadata.camera,
        pipeline=pipeline_version(),
        warnings=warnings[:WARNING_LIMIT],
        stage_seconds=watch.seconds,
        left_out=tuple(sorted(left_out)),
    )


def _picture(
    blob: bytes, request: Develop, *, limits: Limits, watch: Stopwatch, on_opened: Callable[[Burden], None]
) -> tuple[Shown, Style, Metadata, tuple[str, ...]]:
    """Return pixels, their style, metadata and what was said about them, with the decoder closed again."""
    chatter = Chatter()
    try:
        with captured(chatter), decoder.opened(blob, limit_pixels=limits.pixels) as raw:
            pixels_of_sensor = raw.sizes.raw_width * raw.sizes.raw_height
            sensor = sensor_of(blob)
            on_opened(Burden(file_bytes=len(blob), pixels=pixels_of_sensor, sensor=sensor))
            decoder.unpack(raw, blob)
            metadata = read_metadata(blob, decoder.shot_facts(raw))
            style, method = styling.style_of(request, raw), decoder.method_for(blob)
            watch.labour = Labour(
                sensor=sensor,
                by_kernel=method is decoder.Method.KERNEL,
                more_passes=style.takes_more_passes,
                outputs=len(request.targets),
            )
            watch.enter(DEVELOP)
            pixels = decoder.rendered(
                raw,
                style.look,
                decoder.orientation_of(blob),
                method=method,
                bits=_bits(style, request),
            )
            if style.shows_shadows:
                soundness.check_picture(pixels)
        soundness.check_chatter(chatter.lines)
    except Refusal as refusal:
        raise refusal.with_decoder_lines(chatter.lines) from refusal
    return pixels, style, metadata, (*chatter.lines, *metadata.warnings)


def _bits(style: Style, request: Develop) -> Bits:
    return DEEP if style.bits == DEEP or _wants_depth(request) else 8


def _wants_depth(request: Develop) -> bool:
    return any(target.recipe.bits == DEEP for target in request.targets)
