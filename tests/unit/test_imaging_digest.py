"""The hash that is made beside the unpacking."""

from __future__ import annotations

import hashlib

import pytest

from darkroomd.imaging.digest import sha256_beside


@pytest.mark.parametrize("length", [0, 1, 3_000_000], ids=["empty", "one byte", "three megabytes"])
def test_the_hash_is_that_of_the_content(length: int) -> None:
    content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)

    with sha256_beside(content) as sha256:
        found = sha256()

    assert found == hashlib.sha256(content).digest()


def test_an_error_of_the_work_beside_it_comes_through() -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"), sha256_beside(b"content"):
        fail()
