"""From one developed picture to the part files of all recipes."""

from __future__ import annotations

from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import Recipe
from darkroomd.core.templates import filled_in
from darkroomd.core.wall_clock import in_zone
from darkroomd.imaging.digest import sha256_beside
from darkroomd.imaging.encoding import encoded
from darkroomd.imaging.finishing import finished
from darkroomd.imaging.light import Picture
from darkroomd.imaging.messages import Develop, Part
from darkroomd.imaging.metadata import Metadata
from darkroomd.imaging.part import remove_part, write_part


def write_outputs(pixels: Picture, metadata: Metadata, request: Develop) -> tuple[Part, ...]:
    """Write the upright sRGB picture `pixels` to every target, in their order.

    Raises:
        Refusal: one cannot be made; no part file is left behind.
    """
    parts: list[Part] = []
    try:
        for target in request.targets:
            imprint = _imprint(target.recipe, metadata, corrected_at_usec=request.corrected_at_usec)
            content = encoded(finished(pixels, target.recipe), target.recipe, metadata, imprint)
            with sha256_beside(content) as sha256:
                write_part(target.part, content)
                parts.append(Part(size_bytes=len(content), sha256=sha256().hex()))
    except BaseException:
        for target in request.targets:
            remove_part(target.part)
        raise
    return tuple(parts)


def _imprint(recipe: Recipe, metadata: Metadata, *, corrected_at_usec: int | None) -> Imprint:
    taken_usec = metadata.captured_at_usec if corrected_at_usec is None else corrected_at_usec
    wall_usec = in_zone(taken_usec, metadata.zone_minutes)
    artist, copyright_ = (
        filled_in(text, wall_usec=wall_usec) if text else None for text in (recipe.artist, recipe.copyright)
    )
    return Imprint(
        policy=recipe.metadata, artist=artist, copyright=copyright_, corrected_at_usec=corrected_at_usec
    )
