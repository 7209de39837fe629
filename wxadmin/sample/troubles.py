"""What goes wrong in the sample: WeChat's errcodes with the words that it gives them, and the gateway's reasons."""

from random import Random
from typing import NamedTuple

from wxadmin.sample.moments import SECOND


class Trouble(NamedTuple):
    """An errcode or reason as an event keeps it."""

    code: str
    errmsg: str | None = None
    rid: str | None = None
    http_status: int | None = None


NO_ANSWER = Trouble("gw_timeout", "no complete answer in time")
NO_CALLBACK = Trouble("gw_no_callback")
COOKIE_LOST = Trouble("gw_state_cookie_lost")
STATE_USED = Trouble("gw_state_used")
NOT_WECHAT = Trouble("gw_not_wechat")
TICKET_SPENT = Trouble("gw_ticket_spent")
TICKET_EXPIRED = Trouble("gw_ticket_expired")

_ERRMSG = {
    "-1": "system error",
    "40029": "invalid code",
    "40125": "invalid appsecret",
    "40163": "code been used",
    "40243": "AppSecret已被冻结，请登录MP解冻后再次调用",
    "42002": "refresh_token expired",
    "45011": "api minute-quota reach limit, must slower, retry next minute",
    "48001": "api unauthorized",
}


def refused(code: str, at: int, rng: Random) -> Trouble:
    """WeChat's refusal; the first group of its rid is the time (facts.md, section 2)."""
    rid = f"{at // SECOND:08x}-{rng.getrandbits(32):08x}-{rng.getrandbits(32):08x}"
    return Trouble(code, _ERRMSG[code], rid, 200)
