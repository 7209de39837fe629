"""The four /sns calls check what WeChat checks and answer in its words."""

import json
import re

import httpx
import pytest

from tests.simulator.conftest import OTHER_APPID
from tests.simulator.running import Caller, Clock
from wxadmin.simulator import DEFAULT_APPID, World, secret_for
from wxadmin.simulator.people import NOTABLE, Person

DAY = 24 * 3600


def refusal(reply: httpx.Response) -> object:
    """The errcode of a refusal that has WeChat's form."""
    fields = reply.json()
    assert (reply.status_code, list(fields)) == (200, ["errcode", "errmsg"])
    assert re.search(r", rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", fields["errmsg"])
    return fields["errcode"]


def test_a_silent_exchange_gives_tokens_and_openid(wechat: Caller) -> None:
    reply = wechat.exchange(wechat.code("snsapi_base"))

    grant = reply.json()

    assert reply.headers["Content-Type"] == "text/plain"
    assert list(grant) == ["access_token", "expires_in", "refresh_token", "openid", "scope"]
    assert (grant["expires_in"], grant["scope"]) == (7200, "snsapi_base")
    assert grant["openid"] == Person(1).openid(DEFAULT_APPID)
    assert all(re.fullmatch(r"83_[\w-]{130,160}", grant[name]) for name in ("access_token", "refresh_token"))


def test_unionid_comes_with_userinfo_scope_on_a_bound_account_only(wechat: Caller, world: World) -> None:
    bound = wechat.grant("snsapi_userinfo")
    world.settings = world.settings.changed({"unionid": False})
    unbound = wechat.grant("snsapi_userinfo")

    assert bound["unionid"] == Person(1).unionid
    assert "unionid" not in unbound


def test_openids_differ_by_account_and_unionids_do_not() -> None:
    person = Person(4711)

    openids = {person.openid(DEFAULT_APPID), person.openid(OTHER_APPID)}

    assert len(openids) == 2
    assert all(re.fullmatch(r"o[\w-]{27}", each) for each in [*openids, person.unionid])


def test_people_are_the_same_after_a_restart_and_all_different() -> None:
    before = {Person(number).openid(DEFAULT_APPID) for number in range(2_000)}

    after = {Person(number).openid(DEFAULT_APPID) for number in range(2_000)}

    assert before == after
    assert len(before) == 2_000


def test_a_code_is_exchanged_once(wechat: Caller) -> None:
    code = wechat.code()

    first, second = wechat.exchange(code), wechat.exchange(code)

    assert "openid" in first.json()
    assert refusal(second) == 40163
    assert second.json()["errmsg"].startswith("code been used, rid: ")


def test_a_code_lives_five_minutes(wechat: Caller, clock: Clock) -> None:
    early, late = wechat.code(), wechat.code()

    clock.forward(300)
    in_time = wechat.exchange(early)
    clock.forward(1)

    assert "openid" in in_time.json()
    assert refusal(wechat.exchange(late)) == 42003


def test_an_old_code_is_forgotten_in_the_end(wechat: Caller, clock: Clock) -> None:
    code = wechat.code()

    clock.forward(901)
    wechat.code()

    assert refusal(wechat.exchange(code)) == 40029


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": None}, 41002),
        ({"appid": "wx1234567890abcdef"}, 40013),
        ({"appid": DEFAULT_APPID.upper()}, 40013),
        ({"secret": None}, 41004),
        ({"secret": "0" * 32}, 40125),
        ({"secret": secret_for(OTHER_APPID)}, 40125),
        ({"grant_type": None}, 40002),
        ({"grant_type": "refresh_token"}, 40002),
        ({"code": None}, 41008),
        ({"code": "garbage"}, 40029),
        ({"appid": OTHER_APPID, "secret": secret_for(OTHER_APPID)}, 40029),
    ],
)
def test_a_wrong_exchange_is_refused_and_spends_nothing(
    wechat: Caller, changed: dict[str, str | None], errcode: int
) -> None:
    code = wechat.code()

    reply = wechat.exchange(**({"code": code} | changed))

    assert refusal(reply) == errcode
    assert "openid" in wechat.exchange(code).json()


def test_the_secret_is_judged_before_the_code(wechat: Caller) -> None:
    wrong = wechat.exchange("made-up", secret="0" * 32)
    right = wechat.exchange("made-up")

    assert (refusal(wrong), refusal(right)) == (40125, 40029)


def test_a_rid_begins_with_the_time(wechat: Caller, clock: Clock) -> None:
    clock.forward(77)

    errmsg = wechat.exchange("garbage").json()["errmsg"]

    assert f"rid: {int(clock()):08x}-" in errmsg


def test_a_refresh_renews_the_same_token_while_it_lives(wechat: Caller, clock: Clock) -> None:
    grant = wechat.grant("snsapi_userinfo")

    clock.forward(7000)
    renewed = wechat.refresh(grant["refresh_token"]).json()
    clock.forward(7000)

    assert list(renewed) == ["access_token", "expires_in", "refresh_token", "openid", "scope"]
    assert renewed | {"scope": ""} == {name: grant[name] for name in renewed} | {"scope": ""}
    assert wechat.auth(grant).json() == {"errcode": 0, "errmsg": "ok"}


def test_a_refresh_after_expiry_gives_a_new_access_token(wechat: Caller, clock: Clock) -> None:
    grant = wechat.grant("snsapi_userinfo")

    clock.forward(7200)
    renewed = wechat.refresh(grant["refresh_token"]).json()

    assert renewed["access_token"] != grant["access_token"]
    assert renewed["refresh_token"] == grant["refresh_token"]
    assert refusal(wechat.userinfo(grant)) == 42001
    assert wechat.userinfo(renewed).json()["openid"] == grant["openid"]


def test_a_new_access_token_is_itself_renewed_and_expires(wechat: Caller, clock: Clock) -> None:
    grant = wechat.grant("snsapi_userinfo")
    clock.forward(7200)
    second = wechat.refresh(grant["refresh_token"]).json()

    clock.forward(7199)
    renewed = wechat.refresh(grant["refresh_token"]).json()
    clock.forward(7199)
    alive = wechat.userinfo(second)
    clock.forward(1)

    assert renewed["access_token"] == second["access_token"]
    assert "nickname" in alive.json()
    assert refusal(wechat.userinfo(second)) == 42001


@pytest.mark.parametrize(
    ("scope", "listed"), [("snsapi_base", "snsapi_base,"), ("snsapi_userinfo", "snsapi_base,snsapi_userinfo,")]
)
def test_a_refresh_lists_all_scopes_and_ends_in_a_comma(wechat: Caller, scope: str, listed: str) -> None:
    grant = wechat.grant(scope)

    renewed = wechat.refresh(grant["refresh_token"]).json()

    assert renewed["scope"] == listed
    assert "unionid" not in renewed


def test_a_refresh_token_lives_thirty_days_from_the_authorization(wechat: Caller, clock: Clock) -> None:
    grant = wechat.grant()

    clock.forward(30 * DAY - 1)
    alive = wechat.refresh(grant["refresh_token"])
    clock.forward(1)

    assert "access_token" in alive.json()
    assert refusal(wechat.refresh(grant["refresh_token"])) == 42002


def test_a_refresh_needs_no_secret_but_its_own_appid(wechat: Caller) -> None:
    grant = wechat.grant()

    assert "secret" not in str(wechat.refresh(grant["refresh_token"]).request.url)
    assert "access_token" in wechat.refresh(grant["refresh_token"]).json()
    assert refusal(wechat.refresh(grant["refresh_token"], appid=OTHER_APPID)) == 40030


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": None}, 41002),
        ({"appid": "wx1234567890abcdef", "refresh_token": "garbage"}, 40013),
        ({"refresh_token": None}, 41003),
        ({"refresh_token": "garbage"}, 40030),
        ({"refresh_token": "83_" + "A" * 150}, 40030),
        ({"refresh_token": "刷新"}, 40030),
        ({"grant_type": "authorization_code"}, 40002),
    ],
)
def test_a_wrong_refresh_is_refused(wechat: Caller, changed: dict[str, str | None], errcode: int) -> None:
    grant = wechat.grant()

    reply = wechat.refresh(**({"token": grant["refresh_token"]} | changed))

    assert refusal(reply) == errcode


def test_a_token_with_one_changed_sign_is_unknown(wechat: Caller) -> None:
    token = str(wechat.grant()["refresh_token"])

    for place in (3, 50, len(token) - 1):
        other = "A" if token[place] != "A" else "B"
        reply = wechat.refresh(token[:place] + other + token[place + 1 :])

        assert refusal(reply) == 40030


def test_an_access_token_refreshes_nothing(wechat: Caller) -> None:
    grant = wechat.grant()

    reply = wechat.refresh(grant["access_token"])

    assert refusal(reply) == 40030


def test_a_profile_has_wechats_fields(wechat: Caller) -> None:
    grant = wechat.grant("snsapi_userinfo")

    reply = wechat.userinfo(grant, lang="en")

    assert reply.headers["Content-Type"] == "text/plain"
    assert reply.json() == {
        "openid": grant["openid"],
        "nickname": "小明",
        "sex": 0,
        "language": "en",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": f"{wechat.http.base_url}/mmopen/vi_32/1/132",
        "privilege": [],
        "unionid": grant["unionid"],
    }


@pytest.mark.parametrize(("lang", "language"), [(None, "zh_CN"), ("zh_TW", "zh_TW"), ("fr", "zh_CN")])
def test_the_language_is_the_asked_one_or_simplified_chinese(wechat: Caller, lang: str | None, language: str) -> None:
    grant = wechat.grant("snsapi_userinfo")

    profile = wechat.userinfo(grant, lang=lang).json()

    assert profile["language"] == language


@pytest.mark.parametrize("number", range(1, len(NOTABLE) + 1))
def test_every_nickname_arrives_as_it_is(wechat: Caller, number: int) -> None:
    grant = wechat.grant("snsapi_userinfo", person=number)

    body = wechat.userinfo(grant).content

    assert json.loads(body.decode("utf-8"), strict=False)["nickname"] == NOTABLE[number - 1]


@pytest.mark.parametrize(
    ("number", "on_the_wire"),
    [
        (2, "🍵茶小姐🍃".encode()),
        (6, b"\xe6\x8e\xa7\xe5\x88\xb6\x01\x08\x1f\xe5\xad\x97"),
        (7, "零\\u0000字节".encode()),
        (8, "半个\\ud83d表情".encode()),
        (17, "换\n行\t人".encode()),
    ],
)
def test_control_characters_are_raw_and_halves_of_emoji_escaped(
    wechat: Caller, number: int, on_the_wire: bytes
) -> None:
    grant = wechat.grant("snsapi_userinfo", person=number)

    body = wechat.userinfo(grant).content

    assert on_the_wire in body


def test_an_avatar_can_be_fetched_and_some_people_have_none(wechat: Caller) -> None:
    picture = wechat.userinfo(wechat.grant("snsapi_userinfo", person=10)).json()["headimgurl"]
    nothing = wechat.userinfo(wechat.grant("snsapi_userinfo", person=13)).json()["headimgurl"]

    reply = wechat.http.get(picture)

    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert "&lt;</text>" in reply.text
    assert nothing == ""


def test_avatars_are_at_the_public_address_when_there_is_one(world: World, wechat: Caller) -> None:
    world.public_url = "http://192.168.1.7:9000"

    profile = wechat.userinfo(wechat.grant("snsapi_userinfo", person=2)).json()

    assert profile["headimgurl"] == "http://192.168.1.7:9000/mmopen/vi_32/2/132"


def test_every_avatar_of_a_notable_person_is_a_picture(wechat: Caller) -> None:
    for number in range(1, len(NOTABLE) + 1):
        reply = wechat.http.get(Person(number).avatar_path)

        assert reply.status_code == (200 if Person(number).has_avatar else 404)


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"access_token": None}, 41001),
        ({"openid": None}, 41009),
        ({"access_token": "garbage"}, 40014),
        ({"access_token": "83_garbage"}, 40001),
        ({"openid": "o" * 28}, 40003),
        ({"openid": Person(1).openid(DEFAULT_APPID).swapcase()}, 40003),
    ],
)
def test_a_wrong_userinfo_call_is_refused(wechat: Caller, changed: dict[str, object], errcode: int) -> None:
    grant = wechat.grant("snsapi_userinfo")

    reply = wechat.userinfo(grant, **changed)

    assert refusal(reply) == errcode


def test_a_silent_token_has_no_profile(wechat: Caller) -> None:
    grant = wechat.grant("snsapi_base")

    reply = wechat.userinfo(grant)

    assert refusal(reply) == 48001


def test_a_refresh_token_opens_no_profile(wechat: Caller) -> None:
    grant = wechat.grant("snsapi_userinfo")

    reply = wechat.userinfo(grant, access_token=grant["refresh_token"])

    assert refusal(reply) == 40001


def test_auth_says_ok_or_invalid_openid(wechat: Caller, clock: Clock) -> None:
    grant = wechat.grant("snsapi_base")

    good = wechat.auth(grant)
    stranger = wechat.auth(grant, openid="o" * 28)
    broken = wechat.auth(grant, access_token="garbage")
    clock.forward(7200)
    dead = wechat.auth(grant)

    assert good.json() == {"errcode": 0, "errmsg": "ok"}
    assert [refusal(reply) for reply in (stranger, broken, dead)] == [40003, 40003, 40003]


def test_only_get_is_allowed_and_only_known_paths(wechat: Caller) -> None:
    posted = wechat.http.post("/sns/oauth2/access_token", data={"appid": DEFAULT_APPID})
    misspelt = wechat.http.get("/sns/oauth2/acces_token")

    assert (refusal(posted), refusal(misspelt)) == (43001, 40066)


def test_more_calls_than_the_quota_wait_for_the_next_minute(wechat: Caller, world: World, clock: Clock) -> None:
    world.settings = world.settings.changed({"quota": 2})
    token = wechat.grant()["refresh_token"]

    replies = [wechat.refresh(token) for _ in range(3)]
    elsewhere = wechat.refresh(token, appid=OTHER_APPID)
    clock.forward(60)

    assert ["errcode" in reply.json() for reply in replies] == [False, False, True]
    assert refusal(replies[2]) == 45011
    assert refusal(elsewhere) == 40030
    assert "access_token" in wechat.refresh(token).json()
