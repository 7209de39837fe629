"""WeChat service accounts: added, changed, switched off and on."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Account
from wxadmin.models.sealed import secret_bound_to
from wxadmin.refreshing.policies import LONGEST_ACTIVE_DAYS, Policy
from wxadmin.security.keys import KeyRing
from wxadmin.services import audit, house, names, resting

_APPID = re.compile(r"wx[0-9A-Za-z]{4,30}")
_SECRET = re.compile(r"[\x21-\x7e]{8,128}")
_VERIFY_NAME = re.compile(r"MP_verify_[0-9A-Za-z]{16}\.txt")
_LONGEST_VERIFY_BODY = 256
_GREATEST_QUOTA = 1_000_000
# A verification lasts for a year, and is renewed some months before its end.
_LONGEST_VERIFIED = timedelta(days=500)


@dataclass(frozen=True, slots=True)
class RefreshForm:
    """Which tokens are refreshed and how fast, as somebody enters it; None is left as it is. `quota` is in calls a
    minute, 0 for WeChat's own."""

    policy: str | None = None
    active_days: int | None = None
    quota: int | None = None


def add(
    session: Session, keys: KeyRing, *, name: str, appid: str, secret: str, title: str | None, actor: str
) -> Account:
    """Adds an account. Raises BadValue, Taken."""
    if not _APPID.fullmatch(appid):
        text = msgid("%(appid)r is no AppID: it begins with wx; copy it from WeChat's console without blanks")
        raise BadValue(text, field="appid", appid=appid)
    names.require_free(session, Account.name, names.slug(name))
    names.require_free(session, Account.appid, appid)
    account = Account(
        id=draw_rare(),
        name=name,
        title=names.line(title or name, Account.title),
        appid=appid,
        secret_sealed=_sealed(session, keys, appid, secret),
        refresh_policy=Policy.ALL.value,
        created_at=utcnow(),
    )
    session.add(account)
    audit.record(session, actor, "account_added", name, appid=appid)
    house.settings_changed(session)
    return account


def find(session: Session, name: str) -> Account:
    """The account of this name. Raises NoSuchAccount."""
    account = session.scalar(select(Account).where(Account.name == name).with_for_update())
    if account is None:
        raise NoSuchAccount(name)
    return account


def change(
    session: Session,
    name: str,
    *,
    title: str | None = None,
    refresh: RefreshForm | None = None,
    verify_file: tuple[str, str] | None = None,
    verified_until: str | None = None,
    actor: str,
) -> Account:
    """Changes what is given; `verify_file` is the ownership file's name and content, an empty `verified_until` forgets
    the day. Raises NoSuchAccount, BadValue."""
    account = find(session, name)
    changed: dict[str, object] = {}
    if title is not None:
        account.title = changed["title"] = names.line(title, Account.title)
    if refresh is not None:
        changed |= _set_refresh(session, account, refresh)
    if verify_file is not None:
        account.verify_name, account.verify_body = _checked_verify_file(*verify_file)
        changed["verify_name"] = account.verify_name
    if verified_until is not None and (day := _checked_day(verified_until)) != account.verified_until:
        account.verified_until = day
        changed["verified_until"] = str(day or "")
    audit.record(session, actor, "account_changed", name, **changed)
    house.settings_changed(session)
    return account


def _set_refresh(session: Session, account: Account, form: RefreshForm) -> dict[str, object]:
    """Changes what the form gives; returns it."""
    changed: dict[str, object] = {}
    if form.policy is not None:
        if form.policy not in list(Policy):
            text = msgid("the refresh policy is one of %(choices)s")
            raise BadValue(text, field="refresh_policy", choices=", ".join(Policy))
        account.refresh_policy = changed["refresh_policy"] = form.policy
    if form.active_days is not None:
        if not 1 <= form.active_days <= LONGEST_ACTIVE_DAYS:
            text = msgid("people are active within the last 1 to %(days)s days: no consent lives longer")
            raise BadValue(text, field="refresh_active_days", days=LONGEST_ACTIVE_DAYS)
        account.refresh_active_days = changed["refresh_active_days"] = form.active_days
    if form.quota is not None:
        if not 0 <= form.quota <= _GREATEST_QUOTA:
            text = msgid("the quota is a number of calls a minute up to %(greatest)s; 0 stands for WeChat's own")
            raise BadValue(text, field="refresh_quota", greatest=f"{_GREATEST_QUOTA:,}")
        account.refresh_quota = changed["refresh_quota"] = form.quota or None
    if form.policy is not None or form.active_days is not None:
        resting.wake_later(session, account.id)
    return changed


def replace_secret(session: Session, keys: KeyRing, name: str, secret: str, *, actor: str) -> None:
    """Stores a new AppSecret. Raises NoSuchAccount, BadValue."""
    account = find(session, name)
    account.secret_sealed = _sealed(session, keys, account.appid, secret)
    audit.record(session, actor, "account_secret_replaced", name)
    house.settings_changed(session)


def open_secret(keys: KeyRing, appid: str, sealed: bytes | None) -> str:
    """The AppSecret. Raises BadValue where there is none since its key was forgotten, SealBroken."""
    if sealed is None:
        text = msgid("the AppSecret is gone, with the key that it was sealed under: enter it again")
        raise BadValue(text, field="secret")
    return keys.open(sealed, secret_bound_to(appid))


def disable(session: Session, name: str, *, actor: str) -> None:
    """Switches the account off; nothing of it is deleted. Raises NoSuchAccount."""
    find(session, name).disabled_at = utcnow()
    audit.record(session, actor, "account_disabled", name)
    house.settings_changed(session)


def enable(session: Session, name: str, *, actor: str) -> None:
    """Switches the account on again, as it was. Raises NoSuchAccount."""
    find(session, name).disabled_at = None
    audit.record(session, actor, "account_enabled", name)
    house.settings_changed(session)


def _sealed(session: Session, keys: KeyRing, appid: str, secret: str) -> bytes:
    if not _SECRET.fullmatch(secret):
        text = msgid("the AppSecret is empty or has blanks in it: copy it again from WeChat's console")
        raise BadValue(text, field="secret")
    house.keep_keys(session.connection(), {keys.sealing_id})
    return keys.seal(secret, secret_bound_to(appid))


def _checked_day(entered: str) -> date | None:
    if not entered.strip():
        return None
    try:
        day = date.fromisoformat(entered.strip())
    except ValueError:
        text = msgid("%(entered)r is no day such as 2027-05-31")
        raise BadValue(text, field="verified_until", entered=entered.strip()) from None
    if day > utcnow().date() + _LONGEST_VERIFIED:
        text = msgid("no verification lasts until %(day)s: it ends after a year, look again in WeChat's console")
        raise BadValue(text, field="verified_until", day=day)
    return day


def _checked_verify_file(path: str, body: str) -> tuple[str, str]:
    name = PurePath(path).name
    if not _VERIFY_NAME.fullmatch(name):
        text = msgid("%(name)r is not the ownership file: WeChat names it MP_verify_ and 16 letters and digits .txt")
        raise BadValue(text, field="verify_name", name=name)
    if not body.isprintable() or not 0 < len(body) <= _LONGEST_VERIFY_BODY:
        text = msgid("the ownership file should hold one short line: download it again from WeChat's console")
        raise BadValue(text, field="verify_body")
    return name, body
