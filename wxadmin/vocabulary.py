"""What outcomes, steps, browsers and sides are called on pages, as msgids, and the badge that each has."""

from dataclasses import dataclass

from wxadmin.i18n import msgid
from wxadmin.models import Class, Outcome, Stage
from wxadmin.queries.attempts import REFUSED, WAITING


@dataclass(frozen=True, slots=True)
class Word:
    """`badge` is one of ok, wait, bad, stop, harmless; `hint` says more where it is wanted."""

    name: str
    badge: str
    hint: str = ""


OUTCOMES = {
    Outcome.SUCCEEDED: Word(msgid("Succeeded"), "ok"),
    WAITING: Word(msgid("Waiting"), "wait", msgid("At WeChat for less than ten minutes.")),
    Outcome.FAILED: Word(
        msgid("Failed"), "bad", msgid("WeChat answered with an errcode, or the gateway had a reason.")
    ),
    Outcome.ABANDONED: Word(
        msgid("Never came back"),
        "stop",
        msgid("Went to WeChat and was not back after ten minutes: declined, closed, an error page, or the network."),
    ),
    Outcome.DENIED: Word(
        msgid("Declined"), "stop", msgid("WeChat hardly ever says so; see those that never came back.")
    ),
    Outcome.SNAPSHOT: Word(msgid("Snapshot page"), "stop", msgid("WeChat's browse-only copy: a virtual person.")),
    Outcome.DUPLICATE: Word(msgid("Duplicate (harmless)"), "harmless"),
    REFUSED: Word(msgid("Refused start"), "stop", msgid("No login could come of the link; outside the success rate.")),
}

STAGES = {
    Stage.START: msgid("Started"),
    Stage.RETURN: msgid("Back from WeChat"),
    Stage.EXCHANGE: msgid("Code exchanged"),
    Stage.USERINFO: msgid("Profile fetched"),
    Stage.HANDOFF: msgid("Handed to the site"),
    Stage.REDEEM: msgid("Redeemed by the site"),
    Stage.REFRESH: msgid("Token renewed"),
}

BROWSERS = {
    "wechat-android": msgid("WeChat on Android"),
    "wechat-ios": msgid("WeChat on iOS"),
    "wechat-desktop": msgid("WeChat on a computer"),
    "wechat": msgid("WeChat, other device"),
    "miniprogram": msgid("Mini program"),
    "wecom": msgid("WeCom"),
    "other": msgid("Not WeChat"),
}

SCOPES = {"snsapi_base": msgid("Silent"), "snsapi_userinfo": msgid("Explicit")}

SIDES = {
    "user": msgid("The visitor's doing"),
    "site": msgid("Business site"),
    "config": msgid("Our configuration"),
    "wechat": msgid("WeChat's side"),
}

CLASSES = {
    Class.FAILURE: Word(
        msgid("Failed steps"), "bad", msgid("Steps that went wrong, renewals of tokens and missing profiles included.")
    ),
    Class.ABANDONED: Word(
        msgid("Never came back"), "stop", msgid("In the success rate, though WeChat does not say what went wrong.")
    ),
    Class.REFUSED: Word(
        msgid("Refused starts"), "stop", msgid("Turned away before WeChat was asked; outside the success rate.")
    ),
    Class.BLOCKED: Word(
        msgid("Refused redemptions"), "wait", msgid("The login was in order; the site's request for it was not.")
    ),
    Class.HARMLESS: Word(
        msgid("Duplicates (harmless)"), "harmless", msgid("Repeated callbacks. They hurt nobody and count nowhere.")
    ),
}
