"""A client that no one here wrote logs in at the simulator."""

from collections.abc import Iterator

import httpx
import pytest
import requests
from wechatpy.exceptions import WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from tests.simulator.running import RETURN_URL, Clock
from wxadmin.simulator import DEFAULT_APPID, secret_for
from wxadmin.simulator.people import Person


@pytest.fixture
def client(url: str) -> Iterator[WeChatOAuth]:
    """wechatpy takes its two base addresses from the class, so an instance's own are enough."""
    oauth = WeChatOAuth(DEFAULT_APPID, secret_for(DEFAULT_APPID), RETURN_URL, "snsapi_userinfo", state="Abc123")
    oauth.API_BASE_URL, oauth.OAUTH_BASE_URL = f"{url}/", f"{url}/connect/"
    yield oauth
    oauth._http.close()


def consent(client: WeChatOAuth, person: int = 6) -> str:
    """The code that comes back when this person opens wechatpy's link and agrees."""
    reply = requests.get(client.authorize_url, headers={"X-Sim-Person": str(person)}, allow_redirects=False, timeout=10)
    return httpx.URL(reply.headers["Location"]).params["code"]


def test_wechatpys_link_is_in_the_accepted_order(client: WeChatOAuth) -> None:
    code = consent(client)

    assert len(code) == 32


def test_wechatpy_exchanges_a_code(client: WeChatOAuth) -> None:
    grant = client.fetch_access_token(consent(client))

    assert grant["openid"] == client.open_id == Person(6).openid(DEFAULT_APPID)
    assert grant["scope"] == "snsapi_userinfo"


def test_wechatpys_second_exchange_of_a_code_is_refused(client: WeChatOAuth) -> None:
    code = consent(client)
    client.fetch_access_token(code)

    with pytest.raises(WeChatOAuthException) as refused:
        client.fetch_access_token(code)

    assert refused.value.errcode == 40163


def test_wechatpy_refreshes_before_and_after_expiry(client: WeChatOAuth, clock: Clock) -> None:
    grant = client.fetch_access_token(consent(client))

    alive = client.refresh_access_token(grant["refresh_token"])
    clock.forward(7201)
    renewed = client.refresh_access_token(grant["refresh_token"])

    assert alive["access_token"] == grant["access_token"]
    assert renewed["access_token"] != grant["access_token"]


def test_wechatpy_reads_a_nickname_with_control_characters(client: WeChatOAuth) -> None:
    client.fetch_access_token(consent(client, person=6))

    profile = client.get_user_info()

    assert profile["nickname"] == "控制\x01\x08\x1f字符"


def test_wechatpy_checks_a_token(client: WeChatOAuth) -> None:
    client.fetch_access_token(consent(client))

    assert client.check_access_token()
    with pytest.raises(WeChatOAuthException) as refused:
        client.check_access_token(openid="o" * 28)
    assert refused.value.errcode == 40003
