"""Write what is known of a shot into an output: Exif 2.32, in whatever kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import MetadataPolicy
from darkroomd.imaging import clock, tags, tiff
from darkroomd.imaging.metadata import Metadata
from darkroomd.imaging.tiff import Block, Field

_SIGNATURE: Final = b"Exif\0\0"

_SRGB, _UNCALIBRATED = 1, 0xFFFF
"""Exif names no other colour space: the file's profile says which it is."""

_AS_RECORDED: Final = Imprint()


def exif_block(
    metadata: Metadata, *, width: int, height: int, imprint: Imprint = _AS_RECORDED, is_srgb: bool = True
) -> bytes:
    """Return the Exif of an upright picture of this size, as a JPEG's segment has it.

    Pillow takes it as `exif` for JPEG, WebP, PNG and TIFF. It is empty where the imprint lets nothing pass
    and names nobody.
    """
    block = tiff.Block()
    main = main_fields(block, metadata, width=width, height=height, imprint=imprint, is_srgb=is_srgb)
    return _SIGNATURE + block.finish(first=block.add(main)) if main else b""


def main_fields(
    block: Block, metadata: Metadata, *, width: int, height: int, imprint: Imprint, is_srgb: bool
) -> list[Field]:
    """Add the sub-folders of the Exif to a TIFF block; return the fields that belong into its main folder.

    There are none where the imprint lets nothing pass and names nobody.
    """
    passed = _passed(metadata, imprint)
    main = _signed(passed.main, imprint)
    if imprint.policy is MetadataPolicy.NONE and not main:
        return []
    exif = {
        **passed.exif,
        tags.VERSION: tiff.raw_bytes(tags.VERSION, b"0232", kind=tiff.UNDEFINED),
        tags.COMPONENTS: tiff.raw_bytes(tags.COMPONENTS, b"\1\2\3\0", kind=tiff.UNDEFINED),
        tags.FLASHPIX_VERSION: tiff.raw_bytes(tags.FLASHPIX_VERSION, b"0100", kind=tiff.UNDEFINED),
        tags.COLOUR_SPACE: tiff.short(tags.COLOUR_SPACE, _SRGB if is_srgb else _UNCALIBRATED),
        tags.WIDTH: tiff.long(tags.WIDTH, width),
        tags.HEIGHT: tiff.long(tags.HEIGHT, height),
    }
    main |= {
        tags.ORIENTATION: tiff.short(tags.ORIENTATION, 1),
        # Without meaning for a photo, but Exif demands them: 72 to the inch stands for "not known".
        tags.X_RESOLUTION: tiff.rational(tags.X_RESOLUTION, Fraction(72)),
        tags.Y_RESOLUTION: tiff.rational(tags.Y_RESOLUTION, Fraction(72)),
        tags.RESOLUTION_UNIT: tiff.short(tags.RESOLUTION_UNIT, 2),
        tags.SOFTWARE: tiff.text(tags.SOFTWARE, "darkroomd"),
        tags.Y_CB_CR_POSITIONING: tiff.short(tags.Y_CB_CR_POSITIONING, 1),
        tiff.EXIF_FOLDER: tiff.long(tiff.EXIF_FOLDER, block.add(list(exif.values()))),
    }
    if passed.gps:
        main[tiff.GPS_FOLDER] = tiff.long(tiff.GPS_FOLDER, block.add(list(passed.gps.values())))
    return list(main.values())


def _passed(metadata: Metadata, imprint: Imprint) -> Metadata:
    """Return what the policy lets pass, with the corrected time."""
    if imprint.policy is MetadataPolicy.NONE:
        return Metadata(main={}, exif={}, gps={})
    gps: Mapping[int, Field] = metadata.gps if imprint.policy is MetadataPolicy.ALL else {}
    if imprint.corrected_at_usec is None:
        return replace(metadata, gps=gps)
    fields = clock.corrected(
        {**metadata.main, **metadata.exif},
        captured_at_usec=metadata.captured_at_usec,
        at_usec=imprint.corrected_at_usec,
    )
    main = {tag: field for tag, field in fields.items() if tag in tags.MAIN_CHECKS}
    exif = {tag: field for tag, field in fields.items() if tag not in tags.MAIN_CHECKS}
    return replace(metadata, main=main, exif=exif, gps=gps)


def _signed(main: Mapping[int, Field], imprint: Imprint) -> dict[int, Field]:
    """Return the main folder with people's word for artist and copyright, where they gave one."""
    signed = dict(main)
    for tag, name in ((tags.ARTIST, imprint.artist), (tags.COPYRIGHT, imprint.copyright)):
        if name is None:
            continue
        signed.pop(tag, None)
        if text := tags.clean_text(name):
            signed[tag] = tiff.text(tag, text)
    return signed
