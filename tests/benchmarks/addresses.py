"""The pages that the benchmark loads: every page of the route table that shows rows, each filter and search, first and
last pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.models import (
    Account,
    Attempt,
    AuditEntry,
    Class,
    Event,
    FailureHour,
    Outcome,
    Role,
    Site,
    User,
    UserChannel,
)
from wxadmin.queries.keyset import Place
from wxadmin.queries.token_states import TokenHealth
from wxadmin.queries.user_filters import UnionidKnown
from wxadmin.queries.user_orders import Sort

_BACK = 50
"""The last page begins so many rows before the end."""


@dataclass(frozen=True, slots=True)
class Address:
    """`first` names the page that a last page is held against; `role` is whose page it is."""

    name: str
    path: str
    first: str | None = None
    role: Role = Role.ADMIN


class Addresses:
    """Found once in a filled database."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._account = self._one(select(Account.name).order_by(Account.name))
        self._site_id, self._site = self._row(select(Site.id, Site.name).order_by(Site.name))
        self._code = self._one(
            select(FailureHour.code)
            .where(FailureHour.event_class == Class.FAILURE)
            .group_by(FailureHour.code)
            .order_by(func.sum(FailureHour.events).desc())
        )

    def all(self) -> Iterator[Address]:
        yield from self._overview()
        yield from self._users()
        yield from self._attempts()
        yield from self._failures()
        yield from self._searches()
        for name in ("scopes", "tokens", "accounts", "sites", "staff", "definitions", "live", "me", "notice"):
            yield Address(name, f"/admin/{name}")
        yield Address("one account", f"/admin/accounts/{self._account}")
        yield Address("one site", f"/admin/sites/{self._site}")
        yield from self._audit()
        for path in ("", "attempts", "attempts?outcome=failed", "attempts?browser=other", "failures?range=30"):
            yield Address(f"a developer's {path or 'overview'}", f"/admin/{path}", role=Role.DEVELOPER)

    def _overview(self) -> Iterator[Address]:
        yield Address("overview", "/admin/")
        today = utcnow().date()
        some = {"from": today - timedelta(days=80), "to": today - timedelta(days=20)}
        for asked in (
            {"range": "yesterday"},
            {"range": "7"},
            {"range": "30"},
            some,
            {"range": "30", "site": self._site},
        ):
            shown = ", ".join(f"{name}={value}" for name, value in asked.items())
            yield Address(f"overview {shown}", _query("/admin/", **asked))

    def _searches(self) -> Iterator[Address]:
        """Whatever leads nowhere else: names, and words that several entries have in common."""
        for q in ("梓涵", "没有人", "有权限", "nobody-has-this-id", "203.0.113.7"):
            yield Address(f"search {q}", _query("/admin/search", q=q))

    def _users(self) -> Iterator[Address]:
        yield Address("users", "/admin/users")
        oldest = self._place(User.last_login_at, User.id, select(User.last_login_at, User.id))
        yield Address("users, last page", _query("/admin/users", older=oldest), "users")
        for filters in self._user_filters():
            shown = ", ".join(f"{name}={value}" for name, value in filters.items())
            yield Address(f"users {shown}", _query("/admin/users", **filters))
        for sort in (sort for sort in Sort if sort is not Sort.LAST_LOGIN_NEWEST):
            yield Address(f"users sort={sort}", _query("/admin/users", sort=sort), "users")
            for filters in self._user_pairs():
                shown = ", ".join(f"{name}={value}" for name, value in filters.items())
                yield Address(f"users {shown}, sort={sort}", _query("/admin/users", sort=sort, **filters))
        first = self._place(User.id, User.first_seen_at, select(User.first_seen_at, User.id))
        by_first = {"sort": Sort.FIRST_LOGIN_NEWEST, "older": first}
        last_by_first = f"users sort={Sort.FIRST_LOGIN_NEWEST}, last page"
        yield Address(last_by_first, _query("/admin/users", **by_first), f"users sort={Sort.FIRST_LOGIN_NEWEST}")
        explicit = select(User.last_login_at, User.id).where(User.granted_userinfo)
        older = {"scope": "explicit", "older": self._place(User.last_login_at, User.id, explicit)}
        yield Address("users scope=explicit, last page", _query("/admin/users", **older), "users scope=explicit")
        busiest = self._one(select(User.id).order_by(User.logins.desc()))
        yield Address("one user, the busiest", f"/admin/users/{busiest}")

    def _user_filters(self) -> Iterator[dict[str, Any]]:
        known = self._session.execute(
            select(User.openid, User.unionid, User.nickname).where(User.unionid.is_not(None)).limit(1)
        ).one()
        ref = self._one(select(UserChannel.last_ref).where(UserChannel.last_ref.is_not(None)))
        searches = (known.openid, known.openid[:8], known.openid[:12], known.unionid, ref)
        for q in (*searches, "梓涵", "喝茶的", "chen", "罕见", "没有人", "nobody-has-this-id"):
            yield {"q": q}
        yield {"account": self._account}
        for site in self._session.scalars(select(Site.name).order_by(Site.name)):
            yield {"site": site}
        for channel in ("menu", "autumn-tea", "nowhere"):
            yield {"channel": channel}
        for scope in ("silent", "explicit"):
            yield {"scope": scope}
        for state in TokenHealth:
            yield {"token": str(state)}
        today = utcnow().date()
        for name in ("first_from", "first_to", "last_from", "last_to"):
            for back in (1, 60):
                yield {name: today - timedelta(days=back)}
        yield {"site": self._site, "scope": "explicit", "token": "needs_consent", "q": "梓涵"}
        for filters in self._user_pairs():
            if filters.keys() & {"came_from", "logins_min", "logins_max", "unionid"}:
                yield filters

    def _user_pairs(self) -> Iterator[dict[str, Any]]:
        """One value at least of every filter, for every order."""
        today = utcnow().date()
        yield {"q": "罕见"}
        yield {"account": self._account, "site": self._site, "scope": "silent", "token": "fresh"}
        for back in (2, 60):
            day = today - timedelta(days=back)
            for name in ("first", "last", "came"):
                yield {f"{name}_from": day, f"{name}_to": day}
        yield {"channel": "menu", "came_from": today - timedelta(days=20), "came_to": today - timedelta(days=10)}
        yield {"logins_min": 5}
        yield {"logins_min": 200}
        yield {"logins_max": 1}
        for unionid in UnionidKnown:
            yield {"unionid": str(unionid)}

    def _attempts(self) -> Iterator[Address]:
        page = "/admin/attempts"
        yield Address("attempts", page)
        yield Address("attempts, last page", _query(page, before=self._last(select(Attempt.id))), "attempts")
        for filters in self._attempt_filters():
            shown = ", ".join(f"{name}={value}" for name, value in filters.items())
            yield Address(f"attempts {shown}", _query(page, **filters))
        failed = self._last(select(Attempt.id).where(Attempt.outcome == Outcome.FAILED))
        last_failed = _query(page, outcome="failed", before=failed)
        yield Address("attempts outcome=failed, last page", last_failed, "attempts outcome=failed")
        at_site = self._last(select(Attempt.id).where(Attempt.site_id == self._site_id))
        last_at_site = _query(page, site=self._site, before=at_site)
        yield Address(f"attempts site={self._site}, last page", last_at_site, f"attempts site={self._site}")
        code = self._one(select(Attempt.support_code).where(Attempt.outcome == Outcome.FAILED).limit(1))
        yield Address("one attempt", f"{page}/{support_codes.show(code)}")

    def _attempt_filters(self) -> Iterator[dict[str, Any]]:
        for outcome in (*Outcome, "waiting", "refused"):
            yield {"outcome": str(outcome)}
        yield {"site": self._site}
        yield {"account": self._account}
        for scope in ("snsapi_base", "snsapi_userinfo"):
            yield {"scope": scope}
        for browser in ("wechat-ios", "miniprogram", "other"):
            yield {"browser": browser}
        for code in dict.fromkeys((self._code, "40029", "gw_timeout", "gw_loop")):
            yield {"code": code}
        yield {"openid": self._one(select(User.openid).order_by(User.logins.desc()))}
        today = utcnow().date()
        evening = f"{today - timedelta(days=30)}T21:58"
        yield {"around": evening}
        yield {"around": evening, "site": self._site, "version": "8.0", "browser": "wechat-ios"}
        yield {"ip": "203.0.113.7"}
        yield {"version": "8.0.5"}
        yield {"from": today}
        yield {"to": today - timedelta(days=60)}
        yield {"from": today - timedelta(days=45), "to": today - timedelta(days=44), "outcome": "failed"}
        yield {"outcome": "succeeded", "browser": "other"}
        yield {"outcome": "failed", "site": self._site, "code": self._code, "browser": "wechat-ios"}

    def _failures(self) -> Iterator[Address]:
        for span in ("today", "yesterday", "7", "30"):
            yield Address(f"failures range={span}", f"/admin/failures?range={span}")
        yield Address("failures site", _query("/admin/failures", site=self._site, range="30"))
        page = f"/admin/failures/{self._code}"
        for span in ("today", "yesterday", "7", "30"):
            yield Address(f"failures {self._code} range={span}", f"{page}?range={span}")
        of_code = select(Event.id).where(Event.code == self._code, Event.at > utcnow() - timedelta(days=29))
        last = _query(page, range="30", before=self._last(of_code))
        yield Address(f"failures {self._code}, last page", last, f"failures {self._code} range=30")

    def _audit(self) -> Iterator[Address]:
        page = "/admin/audit"
        yield Address("audit", page)
        oldest = self._place(AuditEntry.at, AuditEntry.id, select(AuditEntry.at, AuditEntry.id))
        yield Address("audit, last page", _query(page, before=oldest), "audit")
        filters = ({"actor": "person-1"}, {"actor": "nobody"}, {"action": "users_exported"}, {"action": "nothing"})
        for one in (*filters, {"day": str(utcnow().date() - timedelta(days=60))}):
            yield Address(f"audit {', '.join(f'{name}={value}' for name, value in one.items())}", _query(page, **one))

    def _place(self, at: Any, row_id: Any, query: Any) -> Place:
        return Place(*self._session.execute(query.order_by(at, row_id).offset(_BACK).limit(1)).one())

    def _last(self, ids: Any) -> int:
        found: list[int] = list(self._session.scalars(ids.order_by(ids.selected_columns[0]).limit(_BACK + 1)))
        return found[-1]

    def _one(self, query: Any) -> Any:
        return self._session.scalars(query.limit(1)).one()

    def _row(self, query: Any) -> Any:
        return self._session.execute(query.limit(1)).one()


def _query(path: str, **values: Any) -> str:
    return f"{path}?{urlencode(values)}"
