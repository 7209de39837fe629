"""Files of users: the columns that they may have, and whom filters mean, the same as on the list."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy.orm import Session

from wxadmin.exporting.columns import Column, Kind, by_name
from wxadmin.exporting.subject import Asking, Given, Sought, Subject
from wxadmin.i18n import msgid
from wxadmin.models import IS_KNOWN, Account, Site, User
from wxadmin.queries.masking import Field
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.queries.user_orders import Sort
from wxadmin.queries.wanted_users import Wanted, selected, wanted

COLUMNS = by_name(
    Column("openid", "openid", User.openid, field=Field.OPENID),
    Column("unionid", "unionid", User.unionid, field=Field.UNIONID),
    Column("nickname", msgid("Nickname"), User.nickname, field=Field.NICKNAME),
    Column("scopes", msgid("Scopes granted"), User.granted_userinfo, Kind.SCOPES),
    Column("account", msgid("Service account"), Account.title),
    Column("site", msgid("Site"), Site.title),
    Column("channel", msgid("Channel / campaign"), User.last_channel),
    Column("ref", msgid("Member reference"), User.last_ref, field=Field.REF),
    Column("first_login", msgid("First login"), User.first_seen_at, Kind.MOMENT),
    Column("last_login", msgid("Last login"), User.last_login_at, Kind.MOMENT),
    Column("logins", msgid("Logins"), User.logins, Kind.NUMBER),
)
USUAL = ("openid", "unionid", "nickname", "scopes", "site", "channel", "ref", "first_login", "last_login")


def _checked(session: Session, given: Given, _: Asking) -> Given:
    filters = UserFilters.read(given)
    choices(session, filters)
    return filters.given


def _sought(session: Session, given: Given, asking: Asking) -> Sought:
    filters = UserFilters.read(given)
    asked = _wanted(session, filters if asking.with_blocked else filters.to_contact, asking)
    left_out = None if asking.with_blocked or filters.left_out is None else _wanted(session, filters.left_out, asking)
    return Sought(
        partial(selected, asked=asked),
        User.id,
        are_few=asked.are_few,
        left_out=partial(selected, asked=left_out) if left_out else None,
        among=partial(_among, asked),
    )


def _wanted(session: Session, filters: UserFilters, asking: Asking) -> Wanted:
    return wanted(session, filters, asking.zone, asking.masks, Sort.FIRST_LOGIN_NEWEST)


def _among(asked: Wanted, ids: Sequence[int]) -> Sought:
    these = replace(asked, where=(User.id.in_(ids), IS_KNOWN), are_few=True)
    return Sought(partial(selected, asked=these), User.id, are_few=True)


USERS = Subject(COLUMNS, USUAL, _checked, _sought)
