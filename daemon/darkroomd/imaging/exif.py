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

_CENTRED: Final = tiff.short(tags.Y_CB_CR_POSITIONING, 1)

_AS_RECORDED: Final = Imprint()


def exif_block(
    metadata: Metadata, *, width: int, height: int, imprint: Imprint = _AS_RECORDED, is_srgb: bool = True
) -> bytes:
    """Return the Exif of an upright picture of this size, as a JPEG's segment has it.

    Pillow takes it as `exif` for JPEG, WebP and PNG. It is empty where the imprint lets nothing pass
    and names nobody.
    """
    block = tiff.Block()
    passed = _passed(metadata, imprint)
    if _is_silent(passed, imprint):
        return b""
    exif = {**_exif_fields(passed, is_srgb=is_srgb), **_compressed_fields(width=width, height=height)}
    main = [*_main_fields(block, passed, exif).values(), _CENTRED]
    return _SIGNATURE + block.finish(first=block.add(main))


def main_fields(block: Block, metadata: Metadata, *, imprint: Imprint, is_srgb: bool) -> list[Field]:
    """Add the sub-folders of a TIFF file's Exif to its block; return the fields for its main folder.

    There are none where the imprint lets nothing pass and names nobody.
    """
    passed = _passed(metadata, imprint)
    if _is_silent(passed, imprint):
        return []
    exif = _exif_fields(passed, is_srgb=is_srgb)
    return list(_main_fields(block, passed, exif).values())


def _is_silent(passed: Metadata, imprint: Imprint) -> bool:
    return imprint.policy is MetadataPolicy.NONE and not passed.main


def _exif_fields(passed: Metadata, *, is_srgb: bool) -> dict[int, Field]:
    return {
        **passed.exif,
        tags.VERSION: tiff.raw_bytes(tags.VERSION, b"0232", kind=tiff.UNDEFINED),
        tags.FLASHPIX_VERSION: tiff.raw_bytes(tags.FLASHPIX_VERSION, b"0100", kind=tiff.UNDEFINED),
        tags.COLOUR_SPACE: tiff.short(tags.COLOUR_SPACE, _SRGB if is_srgb else _UNCALIBRATED),
    }


def _compressed_fields(*, width: int, height: int) -> dict[int, Field]:
    """Return what Exif demands of a compressed picture, luma and colour apart, and allows in no TIFF."""
    return {
        tags.COMPONENTS: tiff.raw_bytes(tags.COMPONENTS, b"\1\2\3\0", kind=tiff.UNDEFINED),
        tags.WIDTH: tiff.long(tags.WIDTH, width),
        tags.HEIGHT: tiff.long(tags.HEIGHT, height),
    }


def _main_fields(block: Block, passed: Metadata, exif: Mapping[int, Field]) -> dict[int, Field]:
    main = {
        **passed.main,
        tags.ORIENTATION: tiff.short(tags.ORIENTATION, 1),
        # Without meaning for a photo, but Exif demands them: 72 to the inch stands for "not known".
        tags.X_RESOLUTION: tiff.rational(tags.X_RESOLUTION, Fraction(72)),
        tags.Y_RESOLUTION: tiff.rational(tags.Y_RESOLUTION, Fraction(72)),
        tags.RESOLUTION_UNIT: tiff.short(tags.RESOLUTION_UNIT, 2),
        tags.SOFTWARE: tiff.text(tags.SOFTWARE, "darkroomd"),
        tiff.EXIF_FOLDER: tiff.long(tiff.EXIF_FOLDER, block.add(list(exif.values()))),
    }
    if passed.gps:
        main[tiff.GPS_FOLDER] = tiff.long(tiff.GPS_FOLDER, block.add(list(passed.gps.values())))
    return main


def _passed(metadata: Metadata, imprint: Imprint) -> Metadata:
    """Return what is to be written of the shot: as the policy has it, signed and at the right time."""
    if imprint.policy is MetadataPolicy.NONE:
        return Metadata(main=_signed({}, imprint), exif={}, gps={})
    gps: Mapping[int, Field] = metadata.gps if imprint.policy is MetadataPolicy.ALL else {}
    if imprint.corrected_at_usec is None:
        return replace(metadata, main=_signed(metadata.main, imprint), gps=gps)
    fields = clock.corrected(
        {**metadata.main, **metadata.exif},
        captured_at_usec=metadata.captured_at_usec,
        at_usec=imprint.corrected_at_usec,
    )
    main = {tag: field for tag, field in fields.items() if tag in tags.MAIN_CHECKS}
    exif = {tag: field for tag, field in fields.items() if tag not in tags.MAIN_CHECKS}
    return replace(metadata, main=_signed(main, imprint), exif=exif, gps=gps)


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
