"""Secrets, codes and tokens travel in the query string: nothing here may let the URL out."""

import asyncio
import logging
import socket
import traceback

import httpx
import pytest

from tests.wechat.conftest import http
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed

SECRET, CODE, ACCESS, REFRESH = "canarysecret", "canarycode", "canaryaccess", "canaryrefresh"
GRANTED = f'{{"access_token":"{ACCESS}","refresh_token":"{REFRESH}","expires_in":7200,"openid":"oA"}}'.encode()
LOGGERS = ("", "httpx", "httpcore", "aiohttp", "aiohttp.client", "aiohttp.internal", "asyncio")


@pytest.fixture
def everything_logged(caplog):
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


async def _all_four(wechat: WeChat) -> list[object]:
    return await asyncio.gather(
        wechat.exchange("wx0123456789abcdef", SECRET, CODE),
        wechat.refresh("wx0123456789abcdef", REFRESH),
        wechat.userinfo(ACCESS, "oA"),
        wechat.check(ACCESS, "oA"),
        return_exceptions=True,
    )


async def _drop(writer):
    writer.close()


async def _silence(writer):
    await asyncio.sleep(60)


ENDS = {
    "success": http(GRANTED),
    "refusal that echoes": http(
        f'{{"errcode":40029,"errmsg":"invalid code {SECRET} {CODE} {ACCESS} {REFRESH}"}}'.encode()
    ),
    "rubbish": http(b"<html>"),
    "status": http(b"", status="502 Bad Gateway"),
    "no http": b"SSH-2.0\r\n\r\n",
    "dropped": _drop,
    "timeout": _silence,
}


@pytest.mark.parametrize("end", ENDS)
async def test_no_log_line_carries_what_was_sent(serve, client, everything_logged, end):
    asyncio.get_running_loop().set_debug(True)
    served = await serve(ENDS[end])

    await _all_four(client(served.url, timeout=0.3))

    assert "canary" not in everything_logged.text


@pytest.mark.parametrize("end", ENDS)
async def test_no_error_tells_a_canary(serve, client, end):
    served = await serve(ENDS[end])

    results = await _all_four(client(served.url, timeout=0.3))

    for failure in (each for each in results if isinstance(each, BaseException)):
        assert isinstance(failure, CallFailed)
        assert "canary" not in str(failure) + repr(failure) + "".join(traceback.format_exception(failure))


async def test_no_error_of_connecting_tells_a_canary(client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        results = await _all_four(client(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2))

    assert all(isinstance(failure, CallFailed) for failure in results)
    assert "canary" not in "".join("".join(traceback.format_exception(failure)) for failure in results)


async def test_a_grant_does_not_print_its_tokens(serve, client):
    served = await serve(http(GRANTED))

    grant = await client(served.url).exchange("wx0123456789abcdef", SECRET, CODE)

    assert (grant.access_token, grant.refresh_token) == (ACCESS, REFRESH)
    assert "canary" not in repr(grant)


async def test_httpx_on_top_of_the_transport_would_log_the_secret(everything_logged):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=GRANTED))

    async with httpx.AsyncClient(transport=transport) as httpx_client:
        await httpx_client.get(f"https://api.weixin.qq.com/sns/oauth2/access_token?secret={SECRET}")

    assert SECRET in everything_logged.text
