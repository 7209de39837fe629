"""The four /sns calls: what WeChat checks, in its order, and what it answers."""

from collections.abc import Mapping

from .accounts import SimulatedAccount
from .calls import Call, digest
from .errmsg import Refused
from .tokens import Grant, new_grant, open_refresh
from .world import World

Fields = dict[str, object]
LANGUAGES = ("zh_CN", "zh_TW", "en")


def exchange(world: World, asked: Mapping[str, str], call: Call) -> Fields:
    """/sns/oauth2/access_token"""
    call.code = digest(asked["code"]) if asked.get("code") else b""
    account = _account(world, asked, call)
    secret = _present(asked, "secret", 41004)
    code = _present(asked, "code", 41008)
    if asked.get("grant_type") != "authorization_code":
        raise Refused(40002)
    if secret != account.secret:
        raise Refused(40125)
    now, lifetime = world.clock(), world.settings.token_lifetime
    agreed = world.codes.spend(code, account.appid, now)
    world.calls.exchanged += 1
    userinfo = agreed.scope == "snsapi_userinfo"
    grant = new_grant(agreed.person, account.appid, userinfo=userinfo, now=now, lifetime=lifetime)
    call.openid, call.scope = grant.openid, agreed.scope
    call.refresh_token = digest(grant.refresh_token)
    fields: Fields = {
        "access_token": grant.access_token(now, lifetime),
        "expires_in": lifetime,
        "refresh_token": grant.refresh_token,
        "openid": grant.openid,
        "scope": agreed.scope,
    }
    if agreed.person.virtual:
        fields["is_snapshotuser"] = 1
    return fields | _unionid(world, grant)


def refresh(world: World, asked: Mapping[str, str], call: Call) -> Fields:
    """/sns/oauth2/refresh_token; WeChat looks at the appid before it looks at the token."""
    call.refresh_token = digest(asked["refresh_token"]) if asked.get("refresh_token") else b""
    account = _account(world, asked, call)
    token = _present(asked, "refresh_token", 41003)
    if asked.get("grant_type") != "refresh_token":
        raise Refused(40002)
    grant = open_refresh(token)
    if grant is None or grant.appid != account.appid:
        raise Refused(40030)
    call.openid, call.scope = grant.openid, grant.scopes
    # Today's setting judges the token's age, so that a test can end its life without waiting.
    if world.clock() - grant.authorized_at >= world.settings.refresh_lifetime:
        raise Refused(42002)
    lifetime = world.settings.token_lifetime
    return {
        "access_token": world.tokens.renew(grant, world.clock(), lifetime),
        "expires_in": lifetime,
        "refresh_token": token,
        "openid": grant.openid,
        "scope": grant.scopes,
    }


def userinfo(world: World, asked: Mapping[str, str], call: Call, origin: str) -> Fields:
    """/sns/userinfo; `origin` is where the avatars can be fetched."""
    grant = _token(world, asked, call)
    if asked["openid"] != grant.openid:
        raise Refused(40003)
    if not grant.userinfo or grant.person.virtual:
        raise Refused(48001)
    lang = asked.get("lang", "")
    profile: Fields = {
        "openid": grant.openid,
        "nickname": grant.person.nickname,
        "sex": 0,
        "language": lang if lang in LANGUAGES else "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": f"{origin}{grant.person.avatar_path}" if grant.person.has_avatar else "",
        "privilege": [],
    }
    return profile | _unionid(world, grant)


def auth(world: World, asked: Mapping[str, str], call: Call) -> Fields:
    """/sns/auth; its documented bad answer is 40003, whatever is wrong with the token."""
    try:
        grant = _token(world, asked, call)
    except Refused as refused:
        raise Refused(40003 if refused.errcode in {40001, 40014, 42001} else refused.errcode) from refused
    if asked["openid"] != grant.openid:
        raise Refused(40003)
    return {"errcode": 0, "errmsg": "ok"}


def _account(world: World, asked: Mapping[str, str], call: Call) -> SimulatedAccount:
    appid = _present(asked, "appid", 41002)
    account = world.accounts.get(appid)
    if account is None:
        raise Refused(40013)
    call.appid = appid
    world.count(appid, call.endpoint)
    return account


def _token(world: World, asked: Mapping[str, str], call: Call) -> Grant:
    token = _present(asked, "access_token", 41001)
    _present(asked, "openid", 41009)
    grant = world.tokens.open_access(token, world.clock())
    call.appid, call.openid, call.scope = grant.appid, grant.openid, grant.scopes
    world.count(grant.appid, call.endpoint)
    return grant


def _present(asked: Mapping[str, str], name: str, errcode: int) -> str:
    value = asked.get(name)
    if not value:
        raise Refused(errcode)
    return value


def _unionid(world: World, grant: Grant) -> Fields:
    return {"unionid": grant.person.unionid} if world.settings.unionid and grant.userinfo else {}
