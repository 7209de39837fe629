"""Every number says what it means, and the SQL that stands there counts the same."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from tests.sample.trial import KEYS
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin import definitions
from wxadmin.models import Class
from wxadmin.queries import failures, hours, overview, scopes, standing
from wxadmin.queries.failures import Span
from wxadmin.queries.token_states import TokenHealth
from wxadmin.sample import fill
from wxadmin.settings import Settings

HOUR = timedelta(hours=1)
SQL = {definition.anchor: definition.sql for definition in definitions.ALL}


@pytest.fixture
def counted(database: Database, database_url: str, settings: Settings) -> Callable[[Session], dict[str, Any]]:
    """What the dashboard's own queries say of a sample."""
    fill(database_url, KEYS, users=200, events=4000, seed=5)
    return lambda session: _by_the_dashboard(session, settings)


async def test_every_number_of_every_page_leads_to_its_definition(staff: Callable[..., Any]) -> None:
    admin = staff("admin")
    page = (await admin.get("/admin/definitions")).text

    pages = [(await admin.get(path)).text for path in ("/admin/", "/admin/scopes", "/admin/tokens")]

    anchors = {anchor for shown in pages for anchor in re.findall(r'href="/admin/definitions#(\w+)"', shown)}
    assert len(anchors) >= 15
    assert anchors <= set(re.findall(r'id="(\w+)"', page))


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
async def test_formula_table_and_sql_are_shown(staff: Callable[..., Any], lang: str) -> None:
    page = await staff("developer").get("/admin/definitions", lang=lang)

    assert "login_hour.people" in page.text
    assert "SELECT count(*) FROM event WHERE first_of_day" in page.text
    assert ("成功 ÷（成功＋失败－已自行恢复＋未返回）" in page.text) is (lang == "zh_CN")


def test_the_sql_counts_what_the_pages_show(database: Database, counted: Callable[[Session], dict[str, Any]]) -> None:
    shown = database.read_now(counted)

    asked = {anchor: database.read_now(_by_sql, SQL[anchor]) for anchor in shown}

    assert asked == shown
    assert all(shown[anchor] for anchor in ("people", "succeeded", "new_users", "active_tokens", "silent_users"))


def _by_sql(session: Session, sql: str) -> Any:
    now = _NOW
    moments = {
        "now": now,
        "start": _START,
        "end": _END,
        "this_hour": hour_of(now),
        "hour_after_three_days": hour_of(now + standing.DYING_WITHIN) + HOUR,
    }
    used = {name: moments[name] for name in re.findall(r":(\w+)", sql)}
    query = text(sql).bindparams(*(bindparam(name, at, standing.Token.expires_at.type) for name, at in used.items()))
    found = session.execute(query).all()
    if len(found) == 1 and len(found[0]) == 1:
        return found[0][0] if isinstance(found[0][0], int) else round(float(found[0][0]), 6)
    return dict(sorted(tuple(row) for row in found))


_NOW = utcnow()
_START, _END = hour_of(_NOW) - timedelta(days=20), hour_of(_NOW) + HOUR


def _by_the_dashboard(session: Session, settings: Settings) -> dict[str, Any]:
    logins = hours.logins(session, _START, _END, None)
    tokens = standing.standing(session, now=_NOW, zone=settings.zone)
    grants = scopes.grants(session, now=_NOW)
    kinds = failures.by_kind(session, Span((_START, _END)))
    failed: dict[str, int] = {}
    for kind, values in kinds.items():
        if kind.event_class == Class.FAILURE:
            failed[kind.code] = failed.get(kind.code, 0) + sum(values)
    explicit = [row for row in scopes.asked(session, _START, _END) if row.scope == "snsapi_userinfo"]
    alive = (TokenHealth.FRESH, TokenHealth.DUE, TokenHealth.REFRESHING, TokenHealth.BACKING_OFF)
    return {
        "people": logins.people,
        "succeeded": logins.succeeded,
        "success_rate": round(logins.success_rate or 0, 6),
        "new_users": logins.new_users,
        "waiting": overview.waiting(session, None),
        "failures": dict(sorted(failed.items())),
        "active_tokens": tokens.of(*alive),
        "dying_tokens": tokens.dying,
        "needs_consent": tokens.of(TokenHealth.NEEDS_CONSENT),
        "token_needs_consent": tokens.of(TokenHealth.NEEDS_CONSENT),
        "token_fresh": tokens.of(TokenHealth.FRESH),
        "token_late": tokens.of(TokenHealth.LATE),
        "silent_users": grants.silent,
        "explicit_users": grants.explicit,
        "explicit_share": round(grants.explicit / (grants.silent + grants.explicit), 6),
        "explicit_conversion": round(sum(row.succeeded for row in explicit) / sum(row.started for row in explicit), 6),
    }
