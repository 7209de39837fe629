"""Files of events: every step of every login and every refresh, with the columns that the API has."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import Session

from wxadmin.database.csv_cells import constant
from wxadmin.database.in_order import go_in_order
from wxadmin.exporting.columns import Column, Kind, by_name
from wxadmin.exporting.subject import Asking, Given, Sought, Subject, only
from wxadmin.exporting.telling import title_of, word_of
from wxadmin.i18n import msgid
from wxadmin.models import Account, Attempt, Class, Event, Site
from wxadmin.queries import event_filters, event_list, places
from wxadmin.queries.event_list import EventFilters
from wxadmin.vocabulary import BROWSERS, CLASSES, OUTCOMES, SCOPES, STAGES

_CLASSES = {Class.OK: msgid("Succeeded")} | {one: word.name for one, word in CLASSES.items()}
_OUTCOMES = {outcome: word.name for outcome, word in OUTCOMES.items()}
# Told as texts: spreadsheets keep no more than fifteen digits of a number.
_USER = cast(Event.user_id, String)
_CODE = func.substr(Attempt.support_code, 1, 4) + constant("-") + func.substr(Attempt.support_code, 5)
COLUMNS = by_name(
    Column("at", msgid("Time"), Event.at, Kind.MOMENT),
    Column("stage", msgid("Step"), Event.stage, Kind.WORD, said=word_of(Event.stage, STAGES)),
    Column("class", msgid("How it went"), Event.event_class, Kind.WORD, said=word_of(Event.event_class, _CLASSES)),
    Column("code", msgid("Errcode or reason"), Event.code),
    Column("title", msgid("Called"), Event.code, Kind.TITLE, said=title_of(Event.code, Event.stage)),
    Column("errmsg", msgid("WeChat's words"), Event.errmsg),
    Column("rid", "rid", Event.rid),
    Column("http_status", msgid("HTTP status"), Event.http_status, Kind.NUMBER),
    Column("duration_ms", msgid("Milliseconds"), Event.duration_ms, Kind.NUMBER),
    Column("scope", msgid("Scope"), Event.scope, Kind.WORD, said=word_of(Event.scope, SCOPES)),
    Column(
        *("browser", msgid("Browser"), Event.browser_family, Kind.WORD),
        said=word_of(Event.browser_family, BROWSERS),
    ),
    Column("outcome", msgid("Outcome"), Event.outcome, Kind.WORD, said=word_of(Event.outcome, _OUTCOMES)),
    Column("support_code", msgid("Support code"), _CODE),
    Column("user", msgid("User number"), _USER),
    Column("account", msgid("Service account"), Account.title),
    Column("site", msgid("Site"), Site.title),
    Column("id", msgid("Event number"), cast(Event.id, String)),
)
USUAL = ("at", "stage", "class", "code", "title", "errmsg", "rid", "duration_ms", "support_code", "site")


def _read(session: Session, given: Given, asking: Asking) -> EventFilters:
    known = places.all_places(session, among=None)
    return event_filters.read(given, known, asking.zone, among=None)


def _checked(session: Session, given: Given, asking: Asking) -> Given:
    asked = only(event_filters.FIELDS, given)
    _read(session, asked, asking)
    return asked


def _sought(session: Session, given: Given, asking: Asking) -> Sought:
    go_in_order(session)
    conditions = event_list.fitting(_read(session, given, asking))

    def selecting(columns: Sequence[Any]) -> Select[Any]:
        query = select(*columns).select_from(Event).outerjoin(Attempt, Attempt.id == Event.attempt_id)
        query = query.outerjoin(Site, Site.id == Event.site_id)
        return query.outerjoin(Account, Account.id == Event.account_id).where(*conditions)

    return Sought(selecting, Event.id)


EVENTS = Subject(COLUMNS, USUAL, _checked, _sought)
