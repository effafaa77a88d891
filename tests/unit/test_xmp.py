from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.json_values import Broken
from darkroomd.core.xmp import is_rejecting, xmp_names

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XAP = "http://ns.adobe.com/xap/1.0/"


def xmp(inside: str, *, attributes: str = "", before: str = "") -> str:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" xmlns:xmp="{XAP}">'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )


ATTRIBUTE = xmp("", attributes='xmp:Rating="-1"')
BILLION = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ATTRIBUTE, id="attribute"),
        pytest.param(xmp("<xmp:Rating>-1</xmp:Rating>"), id="element"),
        pytest.param(xmp("<xmp:Rating> -1.0\n</xmp:Rating>"), id="fraction-among-spaces"),
        pytest.param(ATTRIBUTE.replace("xmp:", "q:").replace("xmlns:xmp", "xmlns:q"), id="other-prefix"),
        pytest.param(
            f'<r:RDF xmlns:r="{RDF}"><r:Description xmlns="{XAP}"><Rating>-1</Rating>'
            "</r:Description></r:RDF>",
            id="no-wrapper-default-namespace",
        ),
        pytest.param(
            '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>' + ATTRIBUTE + '<?xpacket end="w"?>',
            id="packet",
        ),
        pytest.param(xmp("<xmp:Rating>&#45;1</xmp:Rating>"), id="character-reference"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-with-mark"])
def test_a_rating_of_minus_one_rejects_however_it_is_written(text: str, encoding: str) -> None:
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding.endswith("mark") else text.encode(encoding)

    assert is_rejecting(data) is True


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(xmp(""), id="no-rating"),
        pytest.param(xmp("", attributes='xmp:Rating="0"'), id="zero"),
        pytest.param(xmp("", attributes='xmp:Rating="5"'), id="five"),
        pytest.param(xmp("", attributes='xmp:Rating="nan"'), id="not-a-number"),
        pytest.param(xmp("", attributes='xmp:Rating=""'), id="empty"),
        pytest.param(xmp("", attributes='Rating="-1"'), id="without-namespace"),
        pytest.param(xmp("<xmp:Rating>-<b/>1</xmp:Rating>"), id="in-pieces"),
        pytest.param(xmp("", attributes=f'xmp:Rating="-1{"0" * 99}"'), id="endless"),
        pytest.param(xmp(f"<xmp:Pantry>{ATTRIBUTE}</xmp:Pantry>"), id="of-another-picture"),
    ],
)
def test_anything_else_does_not_reject(text: str) -> None:
    assert is_rejecting(text.encode()) is False


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(ATTRIBUTE.encode()[:-9], id="half-written"),
        pytest.param(b"<a/>", id="other-xml"),
        pytest.param(b"\xff\xd8\xff\xe1", id="no-xml"),
        pytest.param((BILLION + xmp("<xmp:Rating>&b;</xmp:Rating>")).encode(), id="entities"),
        pytest.param(b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + ATTRIBUTE.encode(), id="external-type"),
        pytest.param(b"<a>" * 100_000, id="too-deep"),
        pytest.param(b'<?xml version="1.0" encoding="no-such-code"?>' + ATTRIBUTE.encode(), id="encoding"),
        pytest.param(b'<?xml version="1.0" encoding="rot13"?>' + ATTRIBUTE.encode(), id="no-text-encoding"),
    ],
)
def test_what_cannot_be_read_says_nothing_about_the_photo(data: bytes) -> None:
    assert isinstance(is_rejecting(data), Broken)


@given(st.binary(max_size=200) | st.builds(lambda cut: ATTRIBUTE.encode()[:cut], st.integers(0, 400)))
def test_no_bytes_are_too_strange_to_be_judged(data: bytes) -> None:
    assert is_rejecting(data) in {True, False} or isinstance(is_rejecting(data), Broken)


def test_a_photo_has_two_names_for_its_xmp_file() -> None:
    assert xmp_names("IMG_1.NEF") == ("IMG_1.xmp", "IMG_1.XMP", "IMG_1.NEF.xmp", "IMG_1.NEF.XMP")
