"""The words for refreshing on pages: why an account's tokens wait, why a token is late, who began a pass."""

from dataclasses import dataclass

from wxadmin.handlers.admin.remedies import remedy_for
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Hold, Role, Stage, Trigger
from wxadmin.queries.account_refreshes import HeldAccount
from wxadmin.queries.late_tokens import LateTokens
from wxadmin.queries.token_states import TokenHealth
from wxadmin.refreshing.policies import Policy
from wxadmin.vocabulary import Word
from wxadmin.wechat import errcodes

HOLDS = {
    Hold.CONFIG: Word(msgid("Paused (something is set up wrong)"), "bad"),
    Hold.BREAKER: Word(
        msgid("Circuit breaker open (no calls to WeChat)"),
        "wait",
        msgid(
            "Too many calls failed within a minute. One token is tried now and then, and the rest follow by themselves."
        ),
    ),
    Hold.QUOTA: Word(
        msgid("Waits for the next day (WeChat's calls are used up)"),
        "wait",
        msgid("WeChat counts calls by the day of Beijing. Refreshing goes on by itself after midnight there."),
    ),
    Hold.STAFF: Word(msgid("Paused by hand"), "bad", msgid("It stays so until somebody resumes it.")),
}
"""Red where it takes somebody to mend it; the others mend themselves."""

TRIGGERS = {
    Trigger.JOB: msgid("by itself"),
    Trigger.COMMAND: msgid("by command"),
    Trigger.STAFF: msgid("on demand"),
}

MEANINGS = {
    TokenHealth.FRESH: msgid("valid, not due yet"),
    TokenHealth.DUE: msgid("taken by the next pass"),
    TokenHealth.REFRESHING: msgid("WeChat is being asked"),
    TokenHealth.BACKING_OFF: msgid("tried again by itself"),
    TokenHealth.PAUSED: msgid("wait for their account"),
    TokenHealth.LATE: msgid("expired before they were renewed"),
    TokenHealth.NEEDS_CONSENT: msgid("the user has to agree again"),
}
"""What operators look after, in a few words each; in the order in which they are shown."""


POLICIES = {
    Policy.ALL: msgid("everybody"),
    Policy.USERINFO: msgid("people who agreed"),
    Policy.ACTIVE: msgid("people who logged in lately"),
    Policy.NONE: msgid("nobody"),
}
"""Whose tokens are refreshed."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is the errcode or reason that leads to a page of its own; `remedy` is what to do."""

    badge: str
    name: str
    code: str | None = None
    title: str = ""
    remedy: str = ""


def why_held(account: HeldAccount, lang: Language, role: Role) -> Reason:
    """Why the account's tokens are not refreshed for now."""
    say, word = translator(lang).gettext, HOLDS[account.hold]
    hint = say(word.hint) if word.hint else ""
    if account.code is None:
        by = say(msgid("Paused by %s")) % account.actor if account.actor else say(word.name)
        return Reason(word.badge, by, remedy=hint)
    entry = errcodes.find(account.code, Stage.REFRESH)
    # What is set up wrong has a remedy; of the others it says enough that they mend themselves.
    return Reason(word.badge, say(word.name), account.code, entry.title(lang), hint or remedy_for(entry, role, lang))


def why_late(late: LateTokens, lang: Language, role: Role) -> Reason:
    """Why these tokens were not renewed in time."""
    say = translator(lang).gettext
    if late.code is None:
        remedy = msgid("Does a process serve, and does its job “refresh” run? The overview tells when it ran last.")
        return Reason("bad", say(msgid("No refresh was tried yet")), remedy=say(remedy))
    entry = errcodes.find(late.code, Stage.REFRESH)
    return Reason("bad", entry.title(lang), late.code, remedy=remedy_for(entry, role, lang))
