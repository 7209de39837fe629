"""What a visitor is told for each reason: a few kinds of page, each with what happened and what to do."""

from dataclasses import dataclass

from wxadmin.i18n import msgid

START_AGAIN = msgid("Tap Continue to start again.")
WAIT = msgid("Please wait a moment, then tap Continue.")
CARRY = msgid("Copy the link, send it to a chat in WeChat and tap it there.")
GO_BACK = msgid("Please go back to where you came from and open the page again.")
CONTACT = msgid("Please send the number below to customer service. Trying again will not help yet.")
_WORKS_INSIDE = msgid("This service works inside WeChat.")
_ENTER_THERE = msgid("Open WeChat and enter the page from there.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One page's words. Where it `restarts`, a link leads to the login again; without one, GO_BACK is what to do."""

    icon: str
    tone: str
    title: str
    happened: str
    to_do: str
    restarts: bool = True
    # Where the whole link is shown, for the visitor to carry it over to WeChat.
    carries: bool = False


NO_ANSWER = Kind(
    icon="cloud",
    tone="wait",
    title=msgid("WeChat did not answer"),
    happened=msgid("The connection to WeChat broke off. It was nothing you did."),
    to_do=msgid("Tap Continue to try again."),
)
USED_LINK = Kind(
    icon="again",
    tone="go",
    title=msgid("This link no longer works"),
    happened=msgid("A link works once. It ends when you go back or reload the page."),
    to_do=START_AGAIN,
)
TOOK_TOO_LONG = Kind(
    icon="clock",
    tone="go",
    title=msgid("This took too long"),
    happened=msgid("To keep your account safe, an authorization ends by itself after a few minutes."),
    to_do=START_AGAIN,
)
OTHER_WINDOW = Kind(
    icon="shield",
    tone="go",
    title=msgid("One more step, please"),
    happened=msgid("The page may have moved to another window or browser, so we cannot tell that it is still you."),
    to_do=msgid("Start again from here, and stay in this window."),
)
NOT_AGREED = Kind(
    icon="back",
    tone="go",
    title=msgid("You have not agreed yet"),
    happened=msgid("WeChat has passed nothing on about you."),
    to_do=msgid("If you change your mind, tap Continue."),
)
AGREE_AGAIN = Kind(
    icon="again",
    tone="go",
    title=msgid("Please authorize once more"),
    happened=msgid("The earlier authorization has ended, for example because the WeChat password was changed."),
    to_do=START_AGAIN,
)
BUSY = Kind(
    icon="people",
    tone="wait",
    title=msgid("We are very busy, please try again later"),
    happened=msgid("Many people are authorizing at this moment."),
    to_do=WAIT,
)
TOO_OFTEN = Kind(
    icon="clock",
    tone="wait",
    title=msgid("Too many tries in a short time"),
    happened=msgid("The page was opened very often within a minute, so it needs a short pause."),
    to_do=WAIT,
)
CROWDED = Kind(
    icon="clock",
    tone="wait",
    title=msgid("Too many tries in a short time"),
    happened=msgid("Many tries from your network failed within a minute. They need not have been yours."),
    to_do=GO_BACK,
    restarts=False,
)
LOOP = Kind(
    icon="again",
    tone="wait",
    title=msgid("We stopped a page that kept jumping"),
    happened=msgid("The page asked for your authorization over and over again."),
    to_do=msgid("Close it and come back later. If it happens again, please contact customer service."),
    restarts=False,
)
SET_UP = Kind(
    icon="shop",
    tone="stop",
    title=msgid("This page is not set up correctly"),
    happened=msgid("A setting of the site or of its official account needs correction. It was nothing you did."),
    to_do=CONTACT,
    restarts=False,
)
OPEN_IN_WECHAT = Kind(
    icon="chat",
    tone="go",
    title=msgid("Please open this page in WeChat"),
    happened=_WORKS_INSIDE,
    to_do=_ENTER_THERE,
    restarts=False,
    carries=True,
)
NOT_WECOM = Kind(
    icon="chat",
    tone="go",
    title=msgid("Opened in WeCom, not in WeChat"),
    happened=_WORKS_INSIDE,
    to_do=_ENTER_THERE,
    restarts=False,
    carries=True,
)
SNAPSHOT = Kind(
    icon="layers",
    tone="go",
    title=msgid("Please tap “使用完整服务” (use full service)"),
    happened=msgid("WeChat is showing you a preview, which does not know your own account."),
    to_do=msgid("Tap “使用完整服务”, which WeChat shows on this page. The page then opens again."),
    restarts=False,
)
NO_PROFILE = Kind(
    icon="people",
    tone="wait",
    title=msgid("Your nickname and picture did not arrive"),
    happened=msgid("You have agreed, but WeChat did not pass them on, and this site needs them."),
    to_do=msgid("Tap Continue to try again."),
)
LIMITED = Kind(
    icon="shield",
    tone="stop",
    title=msgid("WeChat has limited this WeChat account"),
    happened=msgid("For safety reasons WeChat declined the authorization."),
    to_do=msgid("Look for a notice in WeChat, or ask customer service for another way."),
    restarts=False,
)
NOT_FINISHED = Kind(
    icon="again",
    tone="wait",
    title=msgid("The authorization was not finished"),
    happened=msgid("WeChat did not complete it. We have kept a record of what happened."),
    to_do=msgid("Tap Continue to try again. If it happens again, please contact customer service."),
)
NO_SUCH_PAGE = Kind(
    icon="compass",
    tone="stop",
    title=msgid("There is no such page"),
    happened=msgid("The address may be incomplete or out of date."),
    to_do=GO_BACK,
    restarts=False,
)
BROKEN_LINK = Kind(
    icon="compass",
    tone="stop",
    title=msgid("This link is incomplete"),
    happened=msgid("Part of the address is missing or was changed on its way."),
    to_do=GO_BACK,
    restarts=False,
)
OUR_FAULT = Kind(
    icon="cloud",
    tone="wait",
    title=msgid("Something went wrong on our side"),
    happened=msgid("It was nothing you did. We have kept a record of what happened."),
    to_do=WAIT,
)

# Errcodes by what the visitor can do about them; facts.md, section 7, tells where each comes from.
_REASONS = {
    NO_ANSWER: "-1 gw_timeout gw_connect gw_bad_reply gw_http_status gw_interrupted",
    USED_LINK: "40029 40163 41008 gw_state_unknown gw_state_used gw_no_code gw_ticket_unknown gw_ticket_spent",
    TOOK_TOO_LONG: "42003 abandoned gw_no_callback gw_state_expired gw_ticket_expired",
    OTHER_WINDOW: "gw_state_cookie_lost gw_other_browser",
    NOT_AGREED: "denied",
    AGREE_AGAIN: "40003 40014 40030 42001 42002 42007 50001",
    BUSY: "45011 gw_overloaded",
    TOO_OFTEN: "10009",
    # Who comes back without a cookie: a new start of theirs has no limit.
    CROWDED: "gw_rate_limited",
    LOOP: "gw_loop",
    SET_UP: (
        "10003 10004 10005 10006 10010 10011 10012 10013 10015 10016 40002 40013 40035 40066 40125 40164 40242 40243 "
        "41002 41003 41004 41018 42006 43001 43002 43003 43004 45009 45035 47001 48004 50002 50004 50005 50007 61003 "
        "61004 61005 61006 61007 61009 61010 61023 61024 89501 89503 89506 89507 gw_return_url_refused gw_account_off "
        "gw_key_missing gw_site_key gw_ticket_other_site"
    ),
    OPEN_IN_WECHAT: "gw_not_wechat",
    SNAPSHOT: "snapshot",
    NO_PROFILE: "no_profile",
    LIMITED: "40226",
    NOT_FINISHED: "40001 41001 41009 48001",
    NO_SUCH_PAGE: "not_found",
    BROKEN_LINK: "bad_request method_not_allowed too_large",
    OUR_FAULT: "server_error",
}
KINDS = {reason: kind for kind, reasons in _REASONS.items() for reason in reasons.split()}


def kind_of(reason: str, browser_family: str = "") -> Kind:
    """The kind of page for an errcode in text, a gw_ reason or an outcome; unknown ones get a good general page. The
    browser matters where it is the wrong one: people take WeCom for WeChat."""
    kind = KINDS.get(reason, NOT_FINISHED)
    return NOT_WECOM if kind is OPEN_IN_WECHAT and browser_family == "wecom" else kind
