from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from darkroomd.imaging import icc, srgb

BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8))


def ours() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(srgb.icc_profile()))


def test_the_profile_is_the_same_on_every_machine() -> None:
    assert hashlib.sha256(srgb.icc_profile()).hexdigest() == (
        "1e217347375292666a3178ea645a9505dfe1fe5802fbac1a40fe2998f85846e5"
    )


def test_littlecms_reads_the_profile_as_srgb() -> None:
    profile = ours()

    assert ImageCms.getProfileDescription(profile).strip() == "sRGB"
    assert profile.profile.version == pytest.approx(2.1)


@pytest.mark.parametrize("towards_ours", [pytest.param(True, id="into"), pytest.param(False, id="out-of")])
def test_the_profile_changes_nothing_against_littlecms_own_srgb(towards_ours: bool) -> None:
    pair = (ImageCms.createProfile("sRGB"), ours())
    source, target = pair if towards_ours else pair[::-1]
    picture = noise()

    converted = ImageCms.profileToProfile(picture, source, target)

    assert converted is not None
    assert np.array_equal(np.asarray(converted), np.asarray(picture))


def test_the_primaries_are_those_of_srgb_adapted_to_d50() -> None:
    to_xyz = np.array(srgb.TO_XYZ)
    white = np.array(icc.WHITE_D50) / 65_536
    gain = np.diag((BRADFORD @ white) / (BRADFORD @ to_xyz.sum(axis=1)))

    adapted = np.linalg.inv(BRADFORD) @ gain @ BRADFORD @ to_xyz

    stored = np.array([srgb._RED, srgb._GREEN, srgb._BLUE]).T
    assert np.array_equal(np.rint(adapted * 65_536).astype(int), stored)


def test_the_curve_meets_its_ends_and_its_knee() -> None:
    linear = srgb.to_linear(np.array([0.0, 0.04045, 0.5, 1.0]))

    assert linear == pytest.approx([0.0, 0.0031308, 0.2140411, 1.0], abs=1e-6)
