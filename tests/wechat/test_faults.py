"""Real sockets that misbehave: each odd end of a call has its reason, and `sent` never says too little."""

import asyncio
import gzip
import socket
import struct

import aiohttp
import httpx
import pytest

from tests.wechat.conftest import http
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer, Refused
from wxadmin.wechat.replies import MAX_BODY

GRANTED = b'{"access_token":"83_a","refresh_token":"83_r","expires_in":7200,"openid":"oA","scope":"snsapi_base"}'


async def _failure(wechat: WeChat) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        await wechat.exchange("wx0123456789abcdef", "secret", "code")
    return failed.value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_refused_connection_was_certainly_not_sent(client):
    failure = await _failure(client(f"http://127.0.0.1:{_free_port()}"))

    assert isinstance(failure, NoAnswer)
    assert (failure.code, failure.sent, failure.http_status) == ("gw_connect", False, None)


async def test_a_handshake_that_never_ends_was_certainly_not_sent(client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = await _failure(client(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3))

    assert (failure.code, failure.sent) == ("gw_connect", False)


async def test_a_server_that_speaks_no_tls_was_certainly_not_sent(serve, client):
    async def hang_up(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    failure = await _failure(client(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    server.close()

    assert (failure.code, failure.sent) == ("gw_connect", False)


async def test_silence_after_the_request_is_a_timeout_and_may_have_spent_the_code(serve, client):
    async def silence(writer):
        await asyncio.sleep(60)

    served = await serve(silence)
    failure = await _failure(client(served.url, timeout=0.2))

    assert (failure.code, failure.sent, failure.http_status) == ("gw_timeout", True, None)
    assert failure.took_ms > 0


async def test_headers_that_drip_cannot_outlast_the_whole_call(serve, client):
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    served = await serve(drip)
    failure = await _failure(client(served.url, timeout=0.3))

    assert (failure.code, failure.sent) == ("gw_timeout", True)


async def test_a_body_that_drips_cannot_outlast_the_whole_call(serve, client):
    async def drip(writer):
        writer.write(http(b"", length=100_000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    served = await serve(drip)
    failure = await _failure(client(served.url, timeout=0.3))

    assert (failure.code, failure.sent, failure.http_status) == ("gw_timeout", True, 200)


async def test_an_endless_body_is_given_up_after_a_quarter_of_a_megabyte(serve, client):
    written = 0

    async def flood(writer):
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()
            written += 65536

    served = await serve(flood)
    failure = await _failure(client(served.url, timeout=30))

    assert (failure.code, failure.http_status) == ("gw_bad_reply", 200)
    # What the sockets buffer comes on top.
    assert written < 64 * MAX_BODY


async def test_a_body_that_breaks_off_is_a_bad_reply(serve, client):
    async def cut(writer):
        writer.write(http(GRANTED[:40], length=len(GRANTED)))
        await writer.drain()
        writer.close()

    served = await serve(cut)
    failure = await _failure(client(served.url))

    assert (failure.code, failure.sent, failure.http_status) == ("gw_bad_reply", True, 200)


@pytest.mark.parametrize("answered", [b"", http(GRANTED[:40], length=len(GRANTED))], ids=["headers", "body"])
async def test_a_reset_connection_may_have_spent_the_code(serve, client, answered):
    async def reset(writer):
        writer.write(answered)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    served = await serve(reset)
    failure = await _failure(client(served.url))

    assert (failure.code, failure.sent) == ("gw_bad_reply" if answered else "gw_connect", True)
    assert len(served.heads) == 1


async def test_what_the_transport_calls_a_connect_timeout_is_judged_by_its_cause():
    async def lost_while_writing(request):
        raise httpx.ConnectTimeout("") from aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    failure = await _failure(WeChat(transport=httpx.MockTransport(lost_while_writing)))

    assert (failure.code, failure.sent) == ("gw_connect", True)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_another_transport_is_taken_at_its_word(error):
    async def unconnected(request):
        raise error("")

    failure = await _failure(WeChat(transport=httpx.MockTransport(unconnected)))

    assert (failure.code, failure.sent) == ("gw_connect", False)


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hexadecimal\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
    ids=["other protocol", "oversize header", "broken chunk", "broken gzip"],
)
async def test_what_is_not_http_is_a_bad_reply(serve, client, wire):
    served = await serve(wire)

    failure = await _failure(client(served.url))

    assert (failure.code, failure.sent) == ("gw_bad_reply", True)


async def test_a_compressed_answer_is_read_though_none_was_asked_for(serve, client):
    packed = gzip.compress(b'{"errcode":40029,"errmsg":"invalid code"}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    served = await serve(head + packed)

    failure = await _failure(client(served.url))

    assert isinstance(failure, Refused)
    assert failure.code == "40029"


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_a_dropped_connection_may_have_spent_the_code_and_is_not_tried_again(serve, client, how):
    async def drop(writer):
        getattr(writer.transport, how)()

    served = await serve(drop)
    failure = await _failure(client(served.url))

    assert (failure.code, failure.sent, failure.http_status) == ("gw_connect", True, None)
    assert len(served.heads) == 1


async def test_a_kept_connection_that_drops_is_not_tried_again_either(serve, client):
    async def answer_once_then_drop(writer):
        if len(served.heads) == 1:
            writer.write(http(GRANTED))
        else:
            writer.close()

    served = await serve(answer_once_then_drop)
    wechat = client(served.url)
    await wechat.exchange("wx0123456789abcdef", "secret", "code")

    failure = await _failure(wechat)

    assert (failure.code, failure.sent) == ("gw_connect", True)
    assert len(served.heads) == 2


async def test_aiohttp_left_to_itself_would_send_a_dropped_get_again(serve):
    async def drop(writer):
        writer.close()

    served = await serve(drop)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.get(served.url)

    assert len(served.heads) == 2


async def test_a_call_that_its_caller_gives_up_leaves_the_client_usable(serve, client):
    async def silent_first(writer):
        if len(served.heads) == 1:
            await asyncio.sleep(60)
        writer.write(http(GRANTED))

    served = await serve(silent_first)
    wechat = client(served.url)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wechat.exchange("wx0123456789abcdef", "secret", "code"), 0.2)
    grant = await wechat.exchange("wx0123456789abcdef", "secret", "code")

    assert grant.openid == "oA"
