"""What the client sends, and to whom it does not."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.wechat.conftest import http
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer, Refused, SampleAccount

GRANTED = b'{"access_token":"83_a","refresh_token":"83_r","expires_in":7200,"openid":"oA","scope":"snsapi_base"}'
ODD = "a b+c/d=e&f?g#h%20i%2Bj;k,l~m'n\"o\\p\r\nq\x00r小🍵"


class Recorded(httpx.MockTransport):
    """Answers everything alike and keeps the requests."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        super().__init__(lambda request: self.requests.append(request) or httpx.Response(status, content=body))


def _sent(head: bytes) -> tuple[str, dict[str, str]]:
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    assert method == "GET"
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))


async def test_exchange_sends_the_four_documented_parameters_exactly(serve, client):
    served = await serve(http(GRANTED))

    grant = await client(served.url).exchange("wx0123456789abcdef", ODD[::-1], ODD)

    assert grant.openid == "oA"
    assert _sent(served.heads[0]) == (
        "/sns/oauth2/access_token",
        {"appid": "wx0123456789abcdef", "secret": ODD[::-1], "code": ODD, "grant_type": "authorization_code"},
    )


async def test_refresh_sends_no_secret(serve, client):
    served = await serve(http(GRANTED))

    await client(served.url).refresh("wx0123456789abcdef", ODD)

    assert _sent(served.heads[0]) == (
        "/sns/oauth2/refresh_token",
        {"appid": "wx0123456789abcdef", "grant_type": "refresh_token", "refresh_token": ODD},
    )


async def test_userinfo_asks_in_simplified_chinese_unless_told_otherwise(serve, client):
    served = await serve(http(b'{"openid":"oA","nickname":"n"}'))
    wechat = client(served.url)

    await wechat.userinfo(ODD, "oA")
    await wechat.userinfo("83_a", "oA", "en")

    assert _sent(served.heads[0]) == ("/sns/userinfo", {"access_token": ODD, "openid": "oA", "lang": "zh_CN"})
    assert _sent(served.heads[1])[1]["lang"] == "en"


@pytest.mark.parametrize(
    ("body", "alive"),
    [
        (b'{"errcode":0,"errmsg":"ok"}', True),
        (b'{"errcode":40003,"errmsg":"invalid openid"}', False),
        (b'{"errcode":40014,"errmsg":"invalid access_token"}', False),
        (b'{"errcode":"42001","errmsg":"access_token expired"}', False),
    ],
)
async def test_check_says_whether_the_token_is_alive(body, alive):
    transport = Recorded(body)

    answer = await WeChat(transport=transport).check("83_a", "oA")

    assert answer is alive
    assert transport.requests[0].url.path == "/sns/auth"


@pytest.mark.parametrize("errcode", [-1, 45011, 48004])
async def test_check_does_not_call_a_token_dead_for_troubles_of_wechat(errcode):
    wechat = WeChat(transport=Recorded(b'{"errcode":%d,"errmsg":"x"}' % errcode))

    with pytest.raises(Refused) as refused:
        await wechat.check("83_a", "oA")

    assert refused.value.code == str(errcode)


async def test_half_a_surrogate_pair_in_a_posted_code_is_wechats_to_refuse():
    transport = Recorded(b'{"errcode":40029,"errmsg":"invalid code"}')

    with pytest.raises(Refused):
        await WeChat(transport=transport).exchange("wx0123456789abcdef", "secret", "x\ud83d")

    assert transport.requests[0].url.params["code"] == "x?"


async def test_an_api_url_may_end_in_a_slash_or_carry_a_path():
    transport = Recorded(GRANTED)

    await WeChat("http://127.0.0.1:9000/wechat/", transport=transport).refresh("wx0123456789abcdef", "83_r")

    assert transport.requests[0].url.path == "/wechat/sns/oauth2/refresh_token"


async def test_redirects_are_not_followed(serve, client):
    served = await serve(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(NoAnswer) as failed:
        await client(served.url).exchange("wx0123456789abcdef", "secret", "code")

    assert (failed.value.code, failed.value.http_status) == ("gw_http_status", 302)
    assert len(served.heads) == 1


async def test_cookies_are_not_kept(serve, client):
    served = await serve(http(GRANTED).replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n\r\n"))
    wechat = client(served.url)

    await wechat.refresh("wx0123456789abcdef", "83_r")
    await wechat.refresh("wx0123456789abcdef", "83_r")

    assert b"cookie" not in served.heads[1].lower()


async def test_connections_are_kept_for_the_next_call(serve, client):
    served = await serve(http(GRANTED))
    wechat = client(served.url)

    for _ in range(3):
        await wechat.refresh("wx0123456789abcdef", "83_r")

    assert (len(served.heads), len(served.connections)) == (3, 1)


async def test_calls_run_side_by_side(serve, client):
    everyone_is_here = asyncio.Barrier(20)

    async def answer(writer):
        await everyone_is_here.wait()
        writer.write(http(GRANTED))

    wechat = client((await serve(answer)).url)

    grants = await asyncio.gather(*(wechat.refresh("wx0123456789abcdef", "83_r") for _ in range(20)))

    assert len(grants) == 20


@pytest.mark.parametrize(
    "url",
    [
        "https://api.weixin.qq.com",
        "https://API.Weixin.QQ.com:443/",
        "https://sh.api.weixin.qq.com",
        "http://weixin.qq.com.",
    ],
)
async def test_sample_data_is_never_sent_to_wechats_own_host(url):
    transport = Recorded(GRANTED)
    wechat = WeChat(url, transport=transport)

    with pytest.raises(SampleAccount) as exchanged:
        await wechat.exchange("wxsample000000001", "secret", "code")
    with pytest.raises(SampleAccount):
        await wechat.refresh("wxsample000000001", "83_r")

    assert isinstance(exchanged.value, CallFailed)
    assert (exchanged.value.code, exchanged.value.sent) == ("gw_account_off", False)
    assert transport.requests == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000", "https://weixin.qq.com.example.org", "https://xweixin.qq.com"]
)
async def test_sample_data_may_go_to_a_simulator(url):
    grant = await WeChat(url, transport=Recorded(GRANTED)).exchange("wxsample000000001", "secret", "code")

    assert grant.openid == "oA"


async def test_a_real_appid_does_go_to_wechat():
    transport = Recorded(GRANTED)

    await WeChat(transport=transport).exchange("wx0123456789abcdef", "secret", "code")

    assert transport.requests[0].url.host == "api.weixin.qq.com"
