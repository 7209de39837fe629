"""Where a failure is met most: the sites, browsers and versions of WeChat behind its newest events."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxadmin.models import Attempt, Event, Site
from wxadmin.queries.failure_kinds import Form, Kind
from wxadmin.queries.failures import Span, asked_in, newest_of_each

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """Something by which events differ, most frequent first, as many as are worth showing; `of` had it at all."""

    most: Sequence[tuple[str, int]]
    of: int


@dataclass(frozen=True, slots=True)
class MostHit:
    """Of `looked_at`, the newest events."""

    looked_at: int
    sites: Hit
    browsers: Hit
    versions: Hit


def most_hit_of_each(session: Session, span: Span, kinds: Sequence[Kind], *, most: int) -> dict[Kind, MostHit]:
    """Looks at the newest `most` events of each kind, and at their attempts by number."""
    if not kinds:
        return {}
    titles = dict(session.execute(select(Site.id, Site.title)).all())
    form = span.form(session, kinds)
    # Added up here: most of them differ, and a database would sort them all to tell so.
    alike = Counter(map(_Alike._make, session.execute(_newest(form, most), asked_in(form, span, kinds))))
    found: dict[Kind, list[tuple[_Alike, int]]] = {kind: [] for kind in kinds}
    for one, times in alike.items():
        found[kinds[one.number]].append((one, times))
    return {kind: _counted(rows, titles) for kind, rows in found.items()}


class _Alike(NamedTuple):
    """By what events may be alike; `number` is their kind's."""

    number: int
    site_id: int | None
    browser: str
    version: str | None


@lru_cache
def _newest(form: Form, most: int) -> Select[int, int, str, str]:
    newest = newest_of_each(form, (Event.site_id, Event.browser_family, Event.attempt_id), most)
    alike = (newest.c.number, newest.c.site_id, newest.c.browser_family, Attempt.wechat_version)
    return select(*alike).select_from(newest).outerjoin(Attempt, Attempt.id == newest.c.attempt_id)


def _counted(rows: Sequence[tuple[_Alike, int]], titles: dict[int, str]) -> MostHit:
    sites: Counter[str] = Counter()
    browsers: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    looked_at = 0
    for one, times in rows:
        looked_at += times
        sites[titles.get(one.site_id or 0, "")] += times
        browsers[one.browser] += times
        versions[one.version or ""] += times
    return MostHit(looked_at, *(_hit(counter) for counter in (sites, browsers, versions)))


def _hit(counter: Counter[str]) -> Hit:
    known = {name: number for name, number in counter.items() if name}
    ordered = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    return Hit(ordered[:_SHOWN], sum(known.values()))
