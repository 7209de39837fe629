"""Steps of the journal as the gateway's flows make them, for a stored site or attempt."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.ids import Ids
from wxadmin.models import Attempt, Outcome, Site, Stage
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.claims import Claim
from wxadmin.services.ends import End
from wxadmin.services.facts import CallFact
from wxadmin.services.logins import Login
from wxadmin.services.starts import Start
from wxadmin.services.tokens import SealedTokens
from wxadmin.services.users import Profile

_ids = Ids(node=4_001)
PROFILE = Profile("小雨 🌧", "https://thirdwx.qlogo.cn/mmopen/vi_32/0", "zh_CN")


def seen(attempt: Attempt | Start) -> AttemptSeen:
    """The attempt as a claim finds it; of a start, as it is found right after it was stored."""
    if isinstance(attempt, Attempt):
        return AttemptSeen(**{field.name: getattr(attempt, field.name) for field in fields(AttemptSeen)})
    names = {field.name for field in fields(AttemptSeen)} & {field.name for field in fields(Start)}
    given = {name: getattr(attempt, name) for name in names}
    later = dict.fromkeys(("code_hash", "returned_at", "ended_at", "outcome", "ended_by", "user_id"))
    return AttemptSeen(id=attempt.attempt_id, started_at=attempt.at, **given, **later)


def start(site: Site, **changes: Any) -> Start:
    """A visitor came to /auth."""
    given = {
        "attempt_id": _ids.draw(),
        "support_code": support_codes.make(),
        "at": utcnow(),
        "account_id": site.account_id,
        "site_id": site.id,
        "scope": "snsapi_base",
        "lang": None,
        "return_url": "https://shop.example.com/back?table=7",
        "nonce": "nonce-7",
        "channel": "poster",
        "ref": None,
        "browser_family": "wechat-android",
        "wechat_version": "8.0.50",
        "ip": "203.0.113.7",
        "state_hash": sha256(random_text(32)),
        "cookie_hash": sha256(random_text(32)),
    }
    return Start(**given | changes)


def claim(attempt: Attempt | Start, **changes: Any) -> Claim:
    """The visitor's own browser came back with a code, three seconds later."""
    began = attempt.at if isinstance(attempt, Start) else attempt.started_at
    given = {
        "claim_id": _ids.draw(),
        "at": began + timedelta(seconds=3),
        "state_hash": attempt.state_hash,
        "cookie_hash": attempt.cookie_hash,
        "code_hash": sha256(random_text(32)),
        "lease": timedelta(seconds=30),
    }
    return Claim(**given | changes)


def call(at: datetime, code: str = "", **changes: Any) -> CallFact:
    """One call to WeChat that ended now; with a `code`, it failed."""
    told = {"errmsg": "invalid code", "rid": "6a1b2c3d-1-2", "http_status": 200} if code else {}
    return CallFact(**{"stage": Stage.EXCHANGE, "at": at, "duration_ms": 120, "code": code, **told} | changes)


def failure(attempt: AttemptSeen, code: str = "40029", outcome: Outcome = Outcome.FAILED, **changes: Any) -> End:
    """WeChat refused the code."""
    return End(attempt, outcome, (call(attempt.started_at + timedelta(seconds=4), code, **changes),))


def tokens(at: datetime, **changes: Any) -> SealedTokens:
    """What WeChat gave just now."""
    given = {
        "access_sealed": b"sealed access",
        "refresh_sealed": b"sealed refresh",
        "scope": ("snsapi_base",),
        "expires_at": at + timedelta(hours=2),
        "next_refresh_at": at + timedelta(hours=1),
    }
    return SealedTokens(**given | changes)


def login(attempt: AttemptSeen, openid: str, **changes: Any) -> Login:
    """WeChat said who the visitor is: a silent login, unless `profile` or `tokens` say otherwise."""
    at = attempt.started_at + timedelta(seconds=4)
    given = {
        "attempt": attempt,
        "at": at,
        "returned_at": attempt.started_at + timedelta(seconds=3),
        "openid": openid,
        "unionid": None,
        "profile": None,
        "tokens": tokens(at),
        "ticket_hash": sha256(random_text(32)),
        "calls": (call(at),),
    }
    return Login(**given | changes)


def login_with_profile(attempt: AttemptSeen, openid: str, **changes: Any) -> Login:
    """The visitor allowed snsapi_userinfo."""
    at = attempt.started_at + timedelta(seconds=4)
    given = {
        "unionid": f"oUnion-{openid}"[:28],
        "profile": PROFILE,
        "tokens": tokens(at, scope=("snsapi_base", "snsapi_userinfo")),
        "calls": (call(at), call(at, stage=Stage.USERINFO)),
    }
    return login(attempt, openid, **given | changes)
