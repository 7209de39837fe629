"""Files of attempts: the columns that they may have, and which ones filters mean, the same as on the list.

Attempts of virtual people are attempts, with that outcome.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from wxadmin.database.csv_cells import constant
from wxadmin.database.in_order import go_in_order
from wxadmin.exporting.columns import Column, Kind, by_name
from wxadmin.exporting.subject import Asking, Given, Sought, Subject, only
from wxadmin.exporting.telling import title_of, word_of
from wxadmin.i18n import msgid
from wxadmin.models import IS_KNOWN, Account, Attempt, Site, User
from wxadmin.queries import attempt_filters, attempts, places
from wxadmin.queries.attempts import REFUSED, WAITING, AttemptFilters
from wxadmin.queries.masking import Field
from wxadmin.vocabulary import BROWSERS, OUTCOMES, SCOPES

_OUTCOME = case((Attempt.is_refused_start, constant(REFUSED)), else_=func.coalesce(Attempt.outcome, constant(WAITING)))
_CODE = func.substr(Attempt.support_code, 1, 4) + constant("-") + func.substr(Attempt.support_code, 5)
COLUMNS = by_name(
    Column("support_code", msgid("Support code"), _CODE),
    Column(
        *("outcome", msgid("Outcome"), _OUTCOME, Kind.WORD),
        said=word_of(_OUTCOME, {value: word.name for value, word in OUTCOMES.items()}),
    ),
    Column("started", msgid("Started"), Attempt.started_at, Kind.MOMENT),
    Column("ended", msgid("Ended"), Attempt.ended_at, Kind.MOMENT),
    Column("recovered", msgid("Succeeded at the second try"), Attempt.recovered_at, Kind.MOMENT),
    Column("redeemed", msgid("Redeemed by the site"), Attempt.redeemed_at, Kind.MOMENT),
    Column("code", msgid("Errcode or reason"), Attempt.ended_by),
    Column("title", msgid("Called"), Attempt.ended_by, Kind.TITLE, said=title_of(Attempt.ended_by)),
    Column("account", msgid("Service account"), Account.title),
    Column("site", msgid("Site"), Site.title),
    Column("channel", msgid("Channel / campaign"), Attempt.channel),
    Column("scope", msgid("Scope"), Attempt.scope, Kind.WORD, said=word_of(Attempt.scope, SCOPES)),
    Column(
        *("browser", msgid("Browser"), Attempt.browser_family, Kind.WORD),
        said=word_of(Attempt.browser_family, BROWSERS),
    ),
    Column("wechat_version", msgid("WeChat version"), Attempt.wechat_version),
    Column("openid", "openid", User.openid, field=Field.OPENID),
    Column("ref", msgid("Member reference"), Attempt.ref, field=Field.REF),
    Column("ip", msgid("IP address"), Attempt.ip, field=Field.IP),
)
USUAL = (
    *("support_code", "outcome", "started", "ended", "code", "title"),
    *("site", "channel", "scope", "browser", "wechat_version"),
)


def _read(session: Session, given: Given, asking: Asking) -> AttemptFilters:
    known = places.all_places(session, among=None)
    return attempt_filters.read(given, known, asking.zone, among=None)


def _checked(session: Session, given: Given, asking: Asking) -> Given:
    asked = attempt_filters.said(only(attempt_filters.FIELDS, given))
    _read(session, asked, asking)
    return asked


def _sought(session: Session, given: Given, asking: Asking) -> Sought:
    go_in_order(session)
    conditions = attempts.fitting(_read(session, given, asking))

    def selecting(columns: Sequence[Any]) -> Select[Any]:
        query = select(*columns).select_from(Attempt).outerjoin(Site, Site.id == Attempt.site_id)
        query = query.outerjoin(Account, Account.id == Attempt.account_id)
        return query.outerjoin(User, and_(User.id == Attempt.user_id, IS_KNOWN)).where(*conditions)

    return Sought(selecting, Attempt.id)


ATTEMPTS = Subject(COLUMNS, USUAL, _checked, _sought)
