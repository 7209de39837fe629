"""Faults on order hit the next calls, before or after these take effect."""

import httpx
import pytest

from tests.simulator.running import Caller, exchange_query
from wxadmin.simulator import World


def order(wechat: Caller, **fault: object) -> dict[str, object]:
    reply = wechat.http.post("/_sim/faults", json=fault)
    assert reply.status_code == 201, reply.text
    return reply.json()  # type: ignore[no-any-return]


def test_an_ordered_errcode_comes_the_ordered_number_of_times(wechat: Caller) -> None:
    order(wechat, endpoint="exchange", kind="errcode", errcode=40163, times=2)
    code = wechat.code()

    errcodes = [wechat.exchange(code).json().get("errcode") for _ in range(3)]

    assert errcodes == [40163, 40163, None]
    assert wechat.http.get("/_sim/faults").json() == {"faults": []}


@pytest.mark.parametrize("errcode", [-1, 40029, 40226, 50002, 99999])
def test_any_errcode_can_be_ordered(wechat: Caller, errcode: int) -> None:
    order(wechat, endpoint="refresh", kind="errcode", errcode=errcode)

    fields = wechat.refresh("any").json()

    assert fields["errcode"] == errcode
    assert ", rid: " in fields["errmsg"]


def test_a_page_number_can_be_ordered_for_the_authorize_link(wechat: Caller) -> None:
    order(wechat, endpoint="authorize", kind="errcode", errcode=10004)

    reply = wechat.authorize()

    assert "此公众号被封禁" in reply.text
    assert "错误码：10004" in reply.text


@pytest.mark.parametrize(("kind", "status", "content_type"), [("status", 503, "text/html"), ("html", 200, "text/html")])
def test_html_comes_instead_of_json(wechat: Caller, kind: str, status: int, content_type: str) -> None:
    order(wechat, endpoint="userinfo", kind=kind, **({"status": status} if kind == "status" else {}))
    grant = wechat.grant("snsapi_userinfo")

    reply = wechat.userinfo(grant)

    assert (reply.status_code, reply.headers["Content-Type"]) == (status, content_type)
    assert reply.text.startswith("<html>")


@pytest.mark.parametrize("endpoint", ["authorize", "exchange", "refresh", "userinfo", "auth"])
def test_a_dropped_connection_ends_before_the_first_byte(wechat: Caller, endpoint: str) -> None:
    grant = wechat.grant("snsapi_userinfo")
    order(wechat, endpoint=endpoint, kind="drop")
    call = {
        "authorize": wechat.authorize,
        "exchange": lambda: wechat.exchange("any"),
        "refresh": lambda: wechat.refresh("any"),
        "userinfo": lambda: wechat.userinfo(grant),
        "auth": lambda: wechat.auth(grant),
    }[endpoint]

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        call()

    assert call().status_code in {200, 302}


def test_a_cut_body_is_shorter_than_promised(wechat: Caller) -> None:
    order(wechat, endpoint="exchange", kind="cut", after=True)
    code = wechat.code()

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        wechat.exchange(code)

    assert wechat.exchange(code).json()["errcode"] == 40163


@pytest.mark.parametrize(("after", "second"), [(False, None), (True, 40163)])
def test_a_lost_answer_spends_the_code_and_a_lost_question_does_not(
    wechat: Caller, after: bool, second: int | None
) -> None:
    order(wechat, endpoint="exchange", kind="drop", after=after)
    code = wechat.code()

    with pytest.raises(httpx.RemoteProtocolError):
        wechat.exchange(code)

    assert wechat.exchange(code).json().get("errcode") == second


@pytest.mark.parametrize(("after", "second"), [(False, None), (True, 40163)])
def test_a_slow_call_takes_effect_before_or_after_its_wait(wechat: Caller, after: bool, second: int | None) -> None:
    order(wechat, endpoint="exchange", kind="slow", seconds=5, after=after)
    code = wechat.code()

    with pytest.raises(httpx.ReadTimeout):
        wechat.http.get("/sns/oauth2/access_token", params=exchange_query(code), timeout=0.2)

    assert wechat.exchange(code).json().get("errcode") == second


def test_a_slow_answer_is_a_right_one(wechat: Caller) -> None:
    order(wechat, endpoint="exchange", kind="slow", seconds=0.05)
    code = wechat.code()

    grant = wechat.exchange(code).json()

    assert "openid" in grant


def test_every_answer_waits_for_the_latency(wechat: Caller, world: World) -> None:
    world.settings = world.settings.changed({"latency_ms": 5_000})

    with pytest.raises(httpx.ReadTimeout):
        wechat.http.get("/sns/oauth2/refresh_token", timeout=0.2)

    assert wechat.authorize().status_code == 302


def test_a_rate_hits_a_share_of_the_calls_until_it_is_cleared(wechat: Caller) -> None:
    order(wechat, endpoint="refresh", kind="errcode", errcode=-1, rate=0.5)

    struck = sum(wechat.refresh("any").json()["errcode"] == -1 for _ in range(100))
    wechat.http.delete("/_sim/faults")

    assert 20 < struck < 80
    assert wechat.refresh("any").json()["errcode"] == 40030


def test_a_rate_with_times_hits_so_often_and_no_more(wechat: Caller) -> None:
    order(wechat, endpoint="refresh", kind="errcode", errcode=-1, rate=0.5, times=3)

    struck = sum(wechat.refresh("any").json()["errcode"] == -1 for _ in range(50))

    assert struck == 3


def test_faults_of_one_endpoint_leave_the_others_alone(wechat: Caller) -> None:
    order(wechat, endpoint="refresh", kind="status", status=500, times=5)

    grant = wechat.grant()

    assert "openid" in grant
    assert wechat.refresh(grant["refresh_token"]).status_code == 500


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"endpoint": "exchange"},
        {"endpoint": "login", "kind": "drop"},
        {"endpoint": "exchange", "kind": "explode"},
        {"endpoint": "exchange", "kind": "errcode"},
        {"endpoint": "exchange", "kind": "errcode", "errcode": [-1]},
        {"endpoint": "exchange", "kind": "errcode", "errcode": 0},
        {"endpoint": "exchange", "kind": "slow"},
        {"endpoint": "exchange", "kind": "slow", "seconds": "nan"},
        {"endpoint": "exchange", "kind": "status", "status": 200},
        {"endpoint": "exchange", "kind": "drop", "times": 0},
        {"endpoint": "exchange", "kind": "drop", "rate": 1.5},
        {"endpoint": "exchange", "kind": "drop", "after": "perhaps"},
        {"endpoint": "exchange", "kind": "drop", "color": "red"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wechat: Caller, world: World, fault: dict[str, object]) -> None:
    reply = wechat.http.post("/_sim/faults", json=fault)

    assert reply.status_code == 400
    assert reply.json()["message"]
    assert world.faults.open() == []
