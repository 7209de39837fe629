"""The first page: how it stands now, how some days went beside earlier ones, and what needs somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from wxadmin.clock import utcnow
from wxadmin.handlers.admin import (
    change_marks,
    code_chart,
    daily_report,
    funnel,
    login_cards,
    overview_filters,
    state_cards,
)
from wxadmin.handlers.admin.attention_words import Finding, findings
from wxadmin.handlers.admin.bars import bars
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.charts import share
from wxadmin.handlers.admin.code_ranks import ranked, split
from wxadmin.handlers.admin.menu import ADMINS, NOT_MARKETERS, SITE_READERS, places_for
from wxadmin.handlers.admin.numbers import per_cent, whole
from wxadmin.handlers.admin.overview_filters import Asked
from wxadmin.handlers.admin.range_words import RANGES
from wxadmin.handlers.admin.tokens import current_standing
from wxadmin.i18n import msgid, translator
from wxadmin.models import Role
from wxadmin.models.counts import DURATION_BUCKETS_MS
from wxadmin.queries import accounts, overview, places, sites
from wxadmin.queries.overview import Figures, State
from wxadmin.queries.places import Places
from wxadmin.queries.standing import Standing
from wxadmin.vocabulary import SCOPES


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an installation is before its first login: whether it has an account, and the name of a site."""

    account: bool
    site: str | None


_VISITORS = ("/admin/failures", "/admin/attempts")


class Overview(StaffHandler):
    async def get(self) -> None:
        now, zone = utcnow(), self.front.zone
        read, site_ids = self.gateway.database.read, self.identity.site_ids
        known = await read(places.all_places, among=site_ids)
        asked = overview_filters.read(self.query, known, site_ids, now=now, zone=zone)
        state = await read(overview.state, now=now, site_ids=site_ids)
        # People and their tokens belong to accounts, of which a developer's sites are a part only.
        is_whole = self.identity.role is not Role.DEVELOPER
        tokens = await current_standing(self.front) if is_whole else None
        newest = await read(overview.newest_users, masks=self.masks) if is_whole else None
        self.show(
            "overview/page.html",
            asked=asked,
            places=known,
            state_numbers=state_cards.cards(state, tokens, self.language, may_open=self._may_open),
            findings=[found for found in self._findings(state, tokens, now) if self._is_told(found)],
            newest=newest,
            begun=await self._begun() if newest == [] else None,
            may_set_up=self.identity.role in ADMINS,
            sees_sites=self.identity.role in SITE_READERS,
            now=now,
            **await self._figures(asked, now),
            report=await self._report(asked, known, now),
        )

    def get_template_namespace(self) -> dict[str, Any]:
        return super().get_template_namespace() | {
            "may_open": self._may_open,
            "links_failures": self.identity.role in NOT_MARKETERS,
            "share": share,
            "per_cent": per_cent,
            "whole": whole,
            "ranges": RANGES,
            "scopes": SCOPES,
            "bucket_ends": DURATION_BUCKETS_MS,
        }

    async def _figures(self, asked: Asked, now: datetime) -> dict[str, Any]:
        """What the page shows of the days."""
        bounds = asked.bounds(now, self.front.zone)
        shown = await self.gateway.database.read(
            overview.figures,
            asked.days,
            asked.part,
            bounds,
            now=now,
            is_confined=self.identity.site_ids is not None,
        )
        logins, renewals = split(shown.failures)
        ranks = ranked(logins, self.language)
        changes = change_marks.lines(shown.changes, self.front.zone, self.language)
        marks = change_marks.marks(changes, bounds)
        return {
            "day_numbers": login_cards.cards(shown.compared, self.language, is_today=asked.range == "today"),
            "rungs": funnel.rungs(shown.steps, lambda outcome: self._attempts(asked, outcome)),
            "timings": funnel.timings(shown.steps, self.language),
            "chart": code_chart.draw(logins, self._bars(asked, bounds), self.language, marks=marks),
            "changes": changes,
            "ranks": ranks,
            "failures": sum(one.events for one in ranks),
            "renewals": renewals,
            "is_over": shown.compared.here.is_over,
        }

    async def _report(self, asked: Asked, known: Places, now: datetime) -> str:
        day = overview_filters.yesterday(now, self.front.zone)
        shown: Figures = await self.gateway.database.read(overview.report, day, asked.part, now=now)
        return daily_report.text(shown, self._narrowed(asked, known), self.language)

    def _narrowed(self, asked: Asked, known: Places) -> list[str]:
        """What the numbers are of, where that is not all of them."""
        say = translator(self.language).gettext
        named = {
            msgid("Account: %s"): {place.name: place.title for place in known.accounts}.get(
                asked.said.get("account", "")
            ),
            msgid("Site: %s"): {place.name: place.title for place in known.sites}.get(asked.said.get("site", "")),
            msgid("Scope: %s"): say(SCOPES[asked.said["scope"]]) if "scope" in asked.said else None,
        }
        return [say(text) % title for text, title in named.items() if title is not None]

    def _findings(self, state: State, tokens: Standing | None, now: datetime) -> list[Finding]:
        return findings(state, tokens, now, self.language, zone=self.front.zone, role=self.identity.role)

    async def _begun(self) -> Begun:
        known = await self.gateway.database.read(accounts.all_rows)
        listed = await self.gateway.database.read(sites.all_rows, None)
        return Begun(bool(known), listed[0].name if listed else None)

    def _bars(self, asked: Asked, bounds: Sequence[datetime]) -> list[tuple[str, str | None]]:
        return bars(
            bounds,
            self.front.zone,
            lambda times: self._attempts(asked, "failed", times),
            is_by_day=asked.is_by_day,
        )

    def _attempts(self, asked: Asked, outcome: str | None, times: Mapping[str, str] | None = None) -> str | None:
        """The attempts of the days, or of the times of one bar, for those who may see attempts."""
        if not self._may_open("/admin/attempts"):
            return None
        days = {"from": f"{asked.days.first}", "to": f"{asked.days.last}"}
        query = {"outcome": outcome, **(times or days), **asked.said}
        return self.path("/admin/attempts?") + urlencode({name: value for name, value in query.items() if value})

    def _is_told(self, found: Finding) -> bool:
        """What happens to visitors is told to everybody: whoever may not open the page that helps, such as a marketer,
        must not read that all is well. What concerns the house is for those who look after it."""
        return found.address.startswith(_VISITORS) or self._may_open(found.address)

    def _may_open(self, address: str) -> bool:
        """Whether the page is one that this person's menu leads to, or that everyone may see."""
        places = [place.address for place in places_for(self.identity.role) if place.address != "/admin/"]
        return address.startswith(("/admin/definitions", *places))
