"""What people and gateways hold stays good when the simulator is started again."""

import httpx

from tests.simulator.running import Caller, Clock, running
from wxadmin.simulator import World


def test_tokens_outlive_a_restart_and_codes_do_not(clock: Clock) -> None:
    with running(World(answer="allow", clock=clock)) as url, httpx.Client(base_url=url, trust_env=False) as http:
        before = Caller(http)
        here = {"redirect_uri": "http://127.0.0.1:8000/"}
        grant = before.grant("snsapi_userinfo", **here)
        unspent = before.code("snsapi_userinfo", **here)

    with running(World(answer="allow", clock=clock)) as url, httpx.Client(base_url=url, trust_env=False) as http:
        after = Caller(http)
        renewed = after.refresh(grant["refresh_token"]).json()
        profile = after.userinfo(grant).json()
        spent = after.exchange(unspent).json()

    assert renewed["access_token"] == grant["access_token"]
    assert profile["openid"] == grant["openid"]
    assert spent["errcode"] == 40029
