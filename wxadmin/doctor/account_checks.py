"""What can be wrong with service accounts, by what is stored of them and by what WeChat says."""

import re
from collections.abc import Callable, Iterator
from datetime import date

from wxadmin.days import DAY, day_of
from wxadmin.doctor.console_menus import (
    APP_ID,
    APP_SECRET,
    INTERFACE_RIGHTS,
    IP_ALLOW_LIST,
    VERIFICATION,
    WEB_AUTHORIZATION_DOMAIN,
    Menu,
)
from wxadmin.doctor.findings import Finding, attention, fatal, fine
from wxadmin.doctor.picture import Answer, Page, Picture
from wxadmin.i18n import msgid
from wxadmin.queries.accounts import AccountRow
from wxadmin.refreshing.policies import Policy

_NO_ANSWER = "gw_"
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_SOON, _VERY_SOON = 30 * DAY, 7 * DAY
# Fewer are not worth a word.
_MANY_SILENT = 1_000


def some_account(picture: Picture) -> Iterator[Finding]:
    if not picture.accounts_on:
        yield fatal(
            "accounts",
            msgid("There is no service account that is switched on: nobody can log in."),
            msgid("wxadmin account add --name SLUG --appid wx…"),
        )


def secrets(picture: Picture) -> Iterator[Finding]:
    """Whether WeChat takes AppID and AppSecret for a pair, and calls from here at all."""
    for account in picture.accounts_on:
        answer = picture.outside.answers.get(account.name) if picture.outside else None
        if not account.has_secret:
            yield fatal(
                "app-secret",
                msgid("%(account)s has no AppSecret: every login of it fails."),
                msgid("wxadmin account secret %(account)s"),
                account=account.name,
                about=account.name,
                menu=APP_SECRET,
            )
        elif answer is not None:
            yield _judged(account, answer)


def _judged(account: AccountRow, answer: Answer) -> Finding:
    about = {"about": account.name, "account": account.name}
    if not answer.code:
        return fine("app-secret", msgid("WeChat takes AppID and AppSecret of %(account)s."), **about)
    unlisted = _UNREACHABLE if answer.code.startswith(_NO_ANSWER) else _OTHER
    what, remedy, menu = _REFUSALS.get(answer.code, unlisted)
    found = _ADDRESS.search(answer.errmsg)
    address = found[0] if found else ""
    paste = address if menu is IP_ALLOW_LIST else ""
    return fatal("app-secret", what, remedy, code=answer.code, address=address, paste=paste, menu=menu, **about)


_WRONG_SECRET = (
    msgid("WeChat does not take the AppSecret of %(account)s (%(code)s): every login of it fails."),
    msgid("Copy it anew, or reset it there, and run: wxadmin account secret %(account)s"),
    APP_SECRET,
)
_WRONG_APPID = (
    msgid("WeChat does not know the AppID of %(account)s (%(code)s)."),
    msgid("Copy it from the console: it begins with wx, and has 18 characters."),
    APP_ID,
)
_NO_RIGHT = (
    msgid("%(account)s may not authorize web pages (%(code)s)."),
    msgid("Only service accounts that are certified (已认证的服务号) may: have it certified, or use another."),
    INTERFACE_RIGHTS,
)
_REFUSALS: dict[str, tuple[str, str, Menu | None]] = {
    "gw_key_missing": (
        msgid("The AppSecret of %(account)s does not open: the key that it is sealed under is not here."),
        msgid("Add that key to WXADMIN_SECRET_KEYS, or enter it again: wxadmin account secret %(account)s"),
        None,
    ),
    "40125": _WRONG_SECRET,
    "40001": _WRONG_SECRET,
    "41004": _WRONG_SECRET,
    "40013": _WRONG_APPID,
    "41002": _WRONG_APPID,
    "48001": _NO_RIGHT,
    "48004": _NO_RIGHT,
    "50002": _NO_RIGHT,
    "40164": (
        msgid("WeChat refuses calls of %(account)s from this host's address %(address)s (40164)."),
        msgid("Enter that address into the allow-list of the account."),
        IP_ALLOW_LIST,
    ),
}
_OTHER = (
    msgid("WeChat answers %(code)s to an exchange of %(account)s."),
    msgid("The page of failures says what %(code)s means, and what to do about it."),
    None,
)
_UNREACHABLE = (
    msgid("WeChat cannot be reached for %(account)s (%(code)s): every login fails."),
    msgid("Let this host connect to api.weixin.qq.com on port 443: firewall, DNS, proxy."),
    None,
)


def ownership(picture: Picture) -> Iterator[Finding]:
    """Whether WeChat finds the file by which an account shows that the domain is its own."""
    for account in picture.accounts_on:
        page = picture.outside.ownership.get(account.name) if picture.outside else None
        if account.verify_name is None:
            if picture.is_wechats_own:
                yield attention(
                    "ownership-file",
                    msgid("The ownership file of %(account)s is not here: WeChat asks for it with the domain."),
                    msgid(
                        "Download MP_verify_….txt there, and run: wxadmin account set %(account)s --verify-file FILE"
                    ),
                    account=account.name,
                    about=account.name,
                    menu=WEB_AUTHORIZATION_DOMAIN,
                )
        elif page is not None:
            yield _found(picture, account, page)


def _found(picture: Picture, account: AccountRow, page: Page) -> Finding:
    values: dict[str, object] = {"about": account.name, "file": account.verify_name, "url": picture.public_url}
    if page.status == 200 and page.body.strip() == picture.verify_bodies.get(account.name):
        return fine("ownership-file", msgid("%(file)s can be had from outside."), **values)
    return fatal(
        "ownership-file",
        msgid("%(file)s cannot be had at %(url)s (%(why)s): WeChat does not take the domain."),
        msgid("Have the proxy pass /%(file)s at the root of the domain to the gateway, too."),
        why=page.error or page.status,
        **values,
    )


def verification(picture: Picture) -> Iterator[Finding]:
    """Whether the yearly verification ends soon, as far as somebody has entered when."""
    today = day_of(picture.now, picture.settings.zone)
    for account in picture.accounts_on:
        if account.verified_until is not None:
            yield _ending(account, account.verified_until, today)
        elif picture.is_wechats_own:
            yield attention(
                "verification",
                msgid(
                    "Nobody has entered until when %(account)s is verified (认证到期日): its end would be a surprise."
                ),
                msgid("Read the day there, and run: wxadmin account set %(account)s --verified-until YYYY-MM-DD"),
                account=account.name,
                about=account.name,
                menu=VERIFICATION,
            )


def _ending(account: AccountRow, until: date, today: date) -> Finding:
    values: dict[str, object] = {
        "account": account.name,
        "about": account.name,
        "until": until,
        "days": (until - today).days,
    }
    if until - today > _SOON:
        return fine("verification", msgid("%(account)s is verified until %(until)s."), **values)
    if until < today:
        return fatal(
            "verification",
            msgid(
                "The verification of %(account)s ended on %(until)s: WeChat answers 10005 to everybody (认证已到期)."
            ),
            msgid("Renew it there. If it is: wxadmin account set %(account)s --verified-until YYYY-MM-DD"),
            menu=VERIFICATION,
            **values,
        )
    grade = fatal if until - today <= _VERY_SOON else attention
    return grade(
        "verification",
        msgid(
            "The verification of %(account)s ends in %(days)d days, on %(until)s: then WeChat answers 10005 to "
            "everybody, without a word to the gateway."
        ),
        msgid(
            "Renew it there; WeChat takes days to look at it. Then: wxadmin account set %(account)s --verified-until "
            "YYYY-MM-DD"
        ),
        menu=VERIFICATION,
        **values,
    )


def refreshing(picture: Picture) -> Iterator[Finding]:
    """Whether tokens are renewed, and whether that is worth its calls."""
    held = {one.name for one in picture.held}
    for account in picture.accounts_on:
        silent = picture.silent.get(account.name, 0)
        if account.name in held:
            yield attention(
                "refreshing",
                msgid("Refreshing is paused at %(account)s."),
                msgid("The page of token health says why, and since when."),
                account=account.name,
                about=account.name,
            )
        elif account.refresh_policy == Policy.ALL and silent >= _MANY_SILENT:
            yield attention(
                "refreshing",
                msgid(
                    "%(silent)d silent tokens of %(account)s are refreshed, which can do nothing but say the OpenID."
                ),
                msgid("Unless you call WeChat with them: wxadmin account set %(account)s --refresh userinfo"),
                account=account.name,
                silent=silent,
                about=account.name,
            )


CHECKS: tuple[Callable[[Picture], Iterator[Finding]], ...] = (
    some_account,
    secrets,
    ownership,
    verification,
    refreshing,
)
