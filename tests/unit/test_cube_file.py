from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.cube_file import LARGEST_BYTES, Cube, NoCube, read_cube

ROWS = b"\n".join(b"%d %d %d" % (red, green, blue) for blue in (0, 1) for green in (0, 1) for red in (0, 1))


def test_a_file_is_read_with_its_title_comments_and_domain() -> None:
    data = (
        b'\xef\xbb\xbfTITLE "Film"\r\n# made by hand\n\nLUT_3D_SIZE 2\nDOMAIN_MAX 2 2 4\nFOO 9\n'
        + ROWS
        + b"\n"
    )

    cube = read_cube(data)

    assert isinstance(cube, Cube)
    assert (cube.size, cube.low, cube.high) == (2, (0.0, 0.0, 0.0), (2.0, 2.0, 4.0))
    assert cube.values.tolist()[3:6] == [1.0, 0.0, 0.0]


def test_an_input_range_is_a_domain() -> None:
    cube = read_cube(b"LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE -1 3\n" + ROWS)

    assert isinstance(cube, Cube)
    assert (cube.low, cube.high) == ((-1.0, -1.0, -1.0), (3.0, 3.0, 3.0))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "LUT_3D_SIZE is not", id="empty"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "three numbers", id="picture"),
        pytest.param(b"LUT_3D_SIZE 66\n" + ROWS, "LUT_3D_SIZE is not", id="too-large"),
        pytest.param(b"LUT_3D_SIZE 99999999999999\n", "LUT_3D_SIZE is not", id="absurd"),
        pytest.param(b"LUT_3D_SIZE 1\n0 0 0\n", "LUT_3D_SIZE is not", id="too-small"),
        pytest.param(b"LUT_3D_SIZE 2 2\n" + ROWS, "LUT_3D_SIZE is not", id="two-sizes"),
        pytest.param(b"LUT_1D_SIZE 2\n0 0 0\n1 1 1\n", "one-dimensional", id="one-dimensional"),
        pytest.param(b"LUT_3D_SIZE 2\n" + ROWS + b"\n1 1 1", "more or fewer", id="one-more"),
        pytest.param(b"LUT_3D_SIZE 2\n0 0 0\n", "more or fewer", id="cut"),
        pytest.param(b"LUT_3D_SIZE 2\n0 0\n" + ROWS, "three numbers", id="short-line"),
        pytest.param(b"LUT_3D_SIZE 2\n0 0 1e9\n" + ROWS, "no number of a colour", id="far-away"),
        pytest.param(b"LUT_3D_SIZE 2\n0 0 nan\n" + ROWS, "no number of a colour", id="nan"),
        pytest.param(b"LUT_3D_SIZE 2\n0 0 x\n" + ROWS, "no number of a colour", id="word"),
        pytest.param(b"LUT_3D_SIZE 2\nDOMAIN_MAX 0 1 1\n" + ROWS, "not above", id="empty-domain"),
        pytest.param(b"LUT_3D_SIZE 2\nDOMAIN_MIN\n" + ROWS, "three numbers", id="domain-of-nothing"),
        pytest.param(b"0 0 0\n" * 274626, "too many", id="too-many"),
        pytest.param(b" " * (LARGEST_BYTES + 1), "longer than", id="too-long"),
    ],
)
def test_what_is_no_usable_file_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    found = read_cube(data)

    assert isinstance(found, NoCube)
    assert reason in found.reason


@given(data=st.binary(max_size=300) | st.lists(st.sampled_from(ROWS.split()), max_size=40).map(b"\n".join))
def test_no_bytes_are_too_strange_to_be_refused(data: bytes) -> None:
    assert isinstance(read_cube(data), NoCube)
