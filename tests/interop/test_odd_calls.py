"""What the daemon makes of everything a peer can send: an exact answer, or a closed connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api_server import Serving, serving

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"
SERVICE = "org.varlink.service"
CLOSED: list[dict[str, Any]] = []

GET_JOB = f'"method":"{DARKROOM}.GetJob"'
NO_JOB = {"error": f"{DARKROOM}.NoSuchJob", "parameters": {"jobId": 7}}
GOOD = f'{{{GET_JOB},"parameters":{{"jobId":7}}}}'


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    """One daemon for all of them: whatever one peer sends must not matter to the next."""
    async with serving(tmp_path_factory.mktemp("odd")) as daemon:
        yield daemon


def refused(error: str, **parameters: object) -> dict[str, Any]:
    return {"error": error, "parameters": parameters} if parameters else {"error": error}


def invalid(parameter: str) -> dict[str, Any]:
    return refused(f"{SERVICE}.InvalidParameter", parameter=parameter)


def job(parameters: str) -> str:
    return f'{{{GET_JOB},"parameters":{parameters}}}'


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(f"{GOOD}\0", [NO_JOB], id="plain"),
        pytest.param(GOOD, [NO_JOB], id="no-terminator"),
        pytest.param(f" \r\n\t{GOOD} \r\n\0", [NO_JOB], id="blanks"),
        pytest.param(
            f'{{{GET_JOB},"parameters":{{"jobId":7}},"org.example":{{"x":1}}}}\0',
            [NO_JOB],
            id="vendor-member",
        ),
        pytest.param(
            f'{{{GET_JOB},"parameters":{{"jobId":7}},"more":true}}\0', [NO_JOB], id="more-where-there-is-one"
        ),
        pytest.param(
            f'{{{GET_JOB},"parameters":{{"jobId":7}},"more":null,"oneway":false}}\0', [NO_JOB], id="flags-off"
        ),
        pytest.param(
            f'{{{GET_JOB},"parameters":{{"jobId":7}},"oneway":true}}\0{GOOD}\0', [NO_JOB], id="oneway"
        ),
        pytest.param(job('{"jobId":8,"jobId":7}') + "\0", [NO_JOB], id="same-name-twice"),
        pytest.param(f"{{{GET_JOB}}}\0", [invalid("jobId")], id="parameters-absent"),
        pytest.param(job("null") + "\0", [invalid("jobId")], id="parameters-null"),
        pytest.param(job("{}") + "\0", [invalid("jobId")], id="parameters-empty"),
        pytest.param(job('{"jobId":null}') + "\0", [invalid("jobId")], id="null-where-a-value-must-be"),
        pytest.param(job('{"jobId":7.0}') + "\0", [invalid("jobId")], id="fraction-for-a-number"),
        pytest.param(job('{"jobId":7e0}') + "\0", [invalid("jobId")], id="exponent-for-a-number"),
        pytest.param(job('{"jobId":"7"}') + "\0", [invalid("jobId")], id="text-for-a-number"),
        pytest.param(job(f'{{"jobId":{2**63}}}') + "\0", [invalid("jobId")], id="number-too-large"),
        pytest.param(job(f'{{"jobId":{10**4000}}}') + "\0", [invalid("jobId")], id="number-far-too-large"),
        pytest.param(job('{"jobId":7,"job":1}') + "\0", [invalid("job")], id="unknown-parameter"),
        pytest.param(
            f'{{"method":"{DARKROOM}.Nonsense"}}\0',
            [refused(f"{SERVICE}.MethodNotFound", method=f"{DARKROOM}.Nonsense")],
            id="unknown-method",
        ),
        pytest.param(
            '{"method":"io.example.Do"}\0',
            [refused(f"{SERVICE}.InterfaceNotFound", interface="io.example")],
            id="unknown-interface",
        ),
        pytest.param(
            '{"method":"Do"}\0', [refused(f"{SERVICE}.MethodNotFound", method="Do")], id="no-interface"
        ),
        pytest.param(
            f'{{"method":"{DARKROOM}.Watch"}}\0', [refused(f"{SERVICE}.ExpectedMore")], id="more-missing"
        ),
        pytest.param(f'{{{GET_JOB},"upgrade":true}}\0{GOOD}\0', [invalid("upgrade"), NO_JOB], id="upgrade"),
        pytest.param(
            f'{{"method":"{DARKROOM}.ListPhotos","parameters":{{"sessionId":"a\\u0000b"}}}}\0',
            [refused(f"{DARKROOM}.NoSuchSession", sessionId="a\ufffdb")],
            id="nul-in-text",
        ),
        pytest.param(
            f'{{"method":"{DARKROOM}.GetPhoto","parameters":{{"photoId":"\\ud83d\\ude00"}}}}\0',
            [refused(f"{DARKROOM}.NoSuchPhoto", photoId="\U0001f600")],
            id="character-in-two-halves",
        ),
        pytest.param(f"{GOOD}\n{GOOD}\n", [NO_JOB, NO_JOB], id="lines"),
        pytest.param(f"{GOOD}\r\n\r\n{GOOD}", [NO_JOB, NO_JOB], id="lines-of-windows"),
        pytest.param(json.dumps(json.loads(GOOD), indent=2) + "\0", [NO_JOB], id="pretty-printed"),
        pytest.param(
            json.dumps(json.loads(GOOD), indent=2) + "\n", [NO_JOB], id="pretty-printed-without-terminator"
        ),
        pytest.param(f"{GOOD}\0" + '{"method":1}\0' + f"{GOOD}\0", [NO_JOB], id="good-until-malformed"),
        pytest.param("", CLOSED, id="nothing"),
        pytest.param("\0", CLOSED, id="empty-message"),
        pytest.param("GET / HTTP/1.1\r\n\r\n", CLOSED, id="http"),
        pytest.param("[]\0", CLOSED, id="array"),
        pytest.param("{}\0", CLOSED, id="no-method"),
        pytest.param('{"method":null}\0', CLOSED, id="null-method"),
        pytest.param(f'{{{GET_JOB},"more":1}}\0', CLOSED, id="flag-number"),
        pytest.param(f'{{{GET_JOB},"more":"true"}}\0', CLOSED, id="flag-text"),
        pytest.param(f'{{{GET_JOB},"more":true,"oneway":true}}\0', CLOSED, id="two-flags"),
        pytest.param(f'{{{GET_JOB},"more":true,"oneway":true,"upgrade":true}}\0', CLOSED, id="three-flags"),
        pytest.param(f'{{{GET_JOB},"flags":1}}\0', CLOSED, id="unknown-member"),
        pytest.param(job("[7]") + "\0", CLOSED, id="parameters-array"),
        pytest.param(job('"x"') + "\0", CLOSED, id="parameters-text"),
        pytest.param(job('{"jobId":"\\ud800"}') + "\0", CLOSED, id="half-a-character"),
        pytest.param(job('{"jobId":NaN}') + "\0", CLOSED, id="not-a-number"),
        pytest.param(job('{"jobId":' + "[" * 100 + "]" * 100 + "}") + "\0", CLOSED, id="deep"),
        pytest.param(job('{"jobId":' + "[" * 500_000) + "\0", CLOSED, id="very-deep"),
        pytest.param(GOOD[:-1], CLOSED, id="cut-off"),
        pytest.param(f"{GOOD}{GOOD}\0", CLOSED, id="two-in-one"),
    ],
)
@pytest.mark.parametrize("piece", [pytest.param(1 << 20, id="at-once"), pytest.param(1, id="byte-by-byte")])
async def test_a_call_has_exactly_one_outcome(
    daemon: Serving, sent: str, expected: list[dict[str, Any]], piece: int
) -> None:
    data = sent.encode()
    # Megabytes are not sent byte by byte: what is to be seen stands at their beginning.
    size = max(piece, len(data) // 1000)
    answer = await daemon.exchange_in_pieces([data[at : at + size] for at in range(0, len(data), size)])

    replies = [json.loads(reply) for reply in answer.replace(b"\0", b"\n").splitlines()]
    assert replies == expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"method":"\xff"}\0', id="not-utf-8"),
        pytest.param(b'\xef\xbb\xbf{"method":"a.B"}\0', id="byte-order-mark"),
        pytest.param(b'{"method":"' + b"x" * (2 << 20) + b'"}\0', id="two-megabytes"),
        pytest.param(b'{"method":"' + b"x" * (2 << 20), id="two-megabytes-without-end"),
        pytest.param(bytes(range(256)) * 100, id="noise"),
    ],
)
async def test_bytes_that_are_no_message_close_the_connection(daemon: Serving, data: bytes) -> None:
    assert await daemon.exchange_in_pieces([data]) == b""


async def test_a_message_of_nearly_a_megabyte_is_read(daemon: Serving) -> None:
    name = "x" * ((1 << 20) - 100)

    answer = await daemon.exchange(f'{{"method":"io.{name}.Do"}}\0'.encode())

    assert json.loads(answer[:-1])["parameters"] == {"interface": f"io.{name}"}


async def test_a_first_byte_that_is_no_brace_is_not_waited_on(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.send(b"GET /")

        assert await client.rest() == b""
