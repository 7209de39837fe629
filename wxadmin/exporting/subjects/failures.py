"""Files of failures: the groups that the page shows, each code at one step with its counts, reckoned once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Float, Integer, Select, String, column, select, table
from sqlalchemy.orm import Session

from wxadmin.database import given_rows
from wxadmin.database.types import Id, UTCDateTime
from wxadmin.exporting.columns import Column, Kind, by_name
from wxadmin.exporting.subject import Asking, Given, Sought, Subject, only
from wxadmin.exporting.telling import title_of, word_of
from wxadmin.i18n import msgid
from wxadmin.models import Class
from wxadmin.queries import failure_groups, failure_spans, places
from wxadmin.queries.chosen_days import GIVEN
from wxadmin.queries.failure_groups import Group
from wxadmin.queries.failure_places import Hit
from wxadmin.queries.failure_spans import SpanAsked
from wxadmin.vocabulary import BROWSERS, CLASSES, STAGES

_GROUPS = table(
    "failure_group",
    *(column(name, Id) for name in ("id",)),
    *(column(name, String) for name in ("code", "stage", "event_class")),
    *(column(name, Integer) for name in ("number", "people", "recovered", "followed", "of_late")),
    column("usually", Float),
    *(column(name, UTCDateTime) for name in ("first_seen", "last_seen")),
    *(column(name, String) for name in ("site", "browser", "version")),
)
_OF = _GROUPS.c
_CLASSES = {one: word.name for one, word in CLASSES.items()}
COLUMNS = by_name(
    Column("code", msgid("Errcode or reason"), _OF.code),
    Column("title", msgid("Called"), _OF.code, Kind.TITLE, said=title_of(_OF.code, _OF.stage)),
    Column("stage", msgid("Step"), _OF.stage, Kind.WORD, said=word_of(_OF.stage, STAGES)),
    Column("class", msgid("How it went"), _OF.event_class, Kind.WORD, said=word_of(_OF.event_class, _CLASSES)),
    Column("count", msgid("Count"), _OF.number, Kind.NUMBER),
    Column("people", msgid("People affected"), _OF.people, Kind.NUMBER),
    Column("recovered", msgid("Recovered"), _OF.recovered, Kind.NUMBER),
    Column("followed", msgid("Of so many followed"), _OF.followed, Kind.NUMBER),
    Column("of_late", msgid("In the last three hours"), _OF.of_late, Kind.NUMBER),
    Column("usually", msgid("Usually in these hours"), _OF.usually, Kind.NUMBER),
    Column("first_seen", msgid("First seen"), _OF.first_seen, Kind.MOMENT),
    Column("last_seen", msgid("Last seen"), _OF.last_seen, Kind.MOMENT),
    Column("site", msgid("Site most hit"), _OF.site),
    Column(
        *("browser", msgid("Browser most hit"), _OF.browser, Kind.WORD),
        said=word_of(_OF.browser, BROWSERS),
    ),
    Column("wechat_version", msgid("WeChat version most hit"), _OF.version),
)
USUAL = tuple(COLUMNS)


def _checked(session: Session, given: Given, asking: Asking) -> Given:
    asked = only(failure_spans.FIELDS, given)
    asked["range"] = _read(session, asked, asking).chosen.range
    if asked["range"] == GIVEN:
        del asked["range"]
    return asked


def _read(session: Session, given: Given, asking: Asking) -> SpanAsked:
    known = places.all_places(session, among=None)
    return failure_spans.read(given, known, None, now=asking.now, zone=asking.zone)


def _sought(session: Session, given: Given, asking: Asking) -> Sought:
    span = _read(session, given, asking).span(asking.now)
    found = failure_groups.groups(session, span, now=asking.now, looked_at=failure_spans.GLANCED_AT)
    rows = [_row(group, number) for number, group in enumerate(_in_order(found), start=1)]
    relation = given_rows.given(_GROUPS, rows, session.get_bind().dialect)

    def selecting(columns: Sequence[Any]) -> Select[Any]:
        return select(*columns).select_from(_GROUPS).add_cte(relation)

    return Sought(selecting, _OF.id)


def _in_order(groups: Sequence[Group]) -> list[Group]:
    """As the page shows them, the last one first: failures above all, and the most frequent of them."""
    classes = list(CLASSES)
    return sorted(groups, key=lambda group: classes.index(Class(group.kind.event_class)))[::-1]


def _row(group: Group, number: int) -> dict[str, Any]:
    usual, behind = group.usual, group.behind
    recovered, hit = behind.recovered, behind.most_hit
    return {
        "id": number,
        "code": group.kind.code,
        "stage": group.kind.stage,
        "event_class": group.kind.event_class,
        "number": group.total,
        "people": behind.people.number,
        "recovered": recovered.number if recovered else None,
        "followed": recovered.looked_at if recovered else None,
        "of_late": usual.now if usual else None,
        "usually": round(usual.before, 1) if usual else None,
        "first_seen": behind.seen.first,
        "last_seen": behind.seen.last,
        "site": _most(hit.sites),
        "browser": _most(hit.browsers),
        "version": _most(hit.versions),
    }


def _most(hit: Hit) -> str | None:
    return hit.most[0][0] if hit.most else None


FAILURES = Subject(COLUMNS, USUAL, _checked, _sought)
