"""The first page: how today goes, what fails, and what needs somebody now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from wxadmin.clock import utcnow
from wxadmin.handlers.admin import code_chart
from wxadmin.handlers.admin.attention_words import Finding, findings
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.charts import share
from wxadmin.handlers.admin.code_ranks import ranked
from wxadmin.handlers.admin.menu import ADMINS, NOT_MARKETERS, SITE_READERS, places_for
from wxadmin.handlers.admin.numbers import Number, capped, change, per_cent, points, whole
from wxadmin.handlers.admin.tokens import current_standing
from wxadmin.i18n import msgid, translator
from wxadmin.models import Role
from wxadmin.queries import accounts, overview, sites
from wxadmin.queries.hours import Logins
from wxadmin.queries.overview import Days, Picture
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an installation is before its first login: whether it has an account, and the name of a site."""

    account: bool
    site: str | None


_VISITORS = ("/admin/failures", "/admin/attempts")


class Overview(StaffHandler):
    async def get(self) -> None:
        now = utcnow()
        read = self.gateway.database.read
        picture = await read(overview.picture, now=now, zone=self.front.zone, site_ids=self.identity.site_ids)
        # People and their tokens belong to accounts, of which a developer's sites are a part only.
        is_whole = self.identity.role is not Role.DEVELOPER
        tokens = await current_standing(self.front) if is_whole else None
        newest = await read(overview.newest_users, masks=self.masks) if is_whole else None
        ranks = ranked(picture.failures, self.language)
        self.show(
            "overview/page.html",
            numbers=[*self._logins(picture.days), *self._open(picture, tokens)],
            findings=[found for found in findings(picture, tokens, now, self.language) if self._is_told(found)],
            may_open=self._may_open,
            chart=code_chart.draw(picture.failures, self._days_behind(picture.failure_days), self.language),
            ranks=ranks,
            failures=sum(one.events for one in ranks),
            share=share,
            per_cent=per_cent,
            days=picture.failure_days,
            newest=newest,
            begun=await self._begun() if newest == [] else None,
            may_set_up=self.identity.role in ADMINS,
            sees_sites=self.identity.role in SITE_READERS,
            links_failures=self.identity.role in NOT_MARKETERS,
            now=now,
        )

    async def _begun(self) -> Begun:
        known = await self.gateway.database.read(accounts.all_rows)
        listed = await self.gateway.database.read(sites.all_rows, None)
        return Begun(bool(known), listed[0].name if listed else None)

    def _logins(self, spans: Days) -> list[Number]:
        return [
            self._grown(msgid("People authorized"), "people", spans),
            self._grown(msgid("Successful authorizations"), "succeeded", spans),
            self._rate(spans),
            self._grown(msgid("New users"), "new_users", spans),
        ]

    def _grown(self, label: str, column: str, spans: Days) -> Number:
        now, before = (getattr(span, column) for span in (spans.today_so_far, spans.yesterday_so_far))
        delta, trend = change(now, before)
        yesterday = whole(getattr(spans.yesterday, column))
        return Number(label, whole(getattr(spans.today, column)), column, delta, trend, self._yesterday(yesterday))

    def _rate(self, spans: Days) -> Number:
        def rate(span: Logins) -> float | None:
            return span.success_rate

        delta, trend = points(rate(spans.today_so_far), rate(spans.yesterday_so_far), translator(self.language).gettext)
        today, yesterday = per_cent(rate(spans.today)), per_cent(rate(spans.yesterday))
        return Number(msgid("Success rate"), today, "success_rate", delta, trend, self._yesterday(yesterday))

    def _yesterday(self, value: str) -> str:
        return translator(self.language).gettext(msgid("yesterday %s")) % value

    def _open(self, picture: Picture, tokens: Standing | None) -> list[Number]:
        say = translator(self.language).gettext
        waiting = Number(
            msgid("Waiting"),
            capped(picture.waiting, say),
            "waiting",
            href="/admin/attempts?outcome=waiting" if self._may_open("/admin/attempts") else None,
        )
        if tokens is None:
            return [waiting]
        href = "/admin/tokens" if self._may_open("/admin/tokens") else None
        dead = tokens.of(TokenHealth.NEEDS_CONSENT)
        return [
            waiting,
            Number(msgid("Active tokens"), whole(tokens.valid), "active_tokens", href=href),
            Number(msgid("Consents ending within 3 days"), whole(tokens.dying), "dying_tokens", href=href),
            Number(msgid("Need consent again"), whole(dead), "needs_consent", href=href),
        ]

    def _days_behind(self, all_days: Sequence[date]) -> list[tuple[str, str | None]]:
        """What each bar is called, and the list behind it for those who may see attempts."""
        links = self._may_open("/admin/attempts")
        return [(f"{day:%m-%d}", self._failed_on(day) if links else None) for day in all_days]

    def _failed_on(self, day: date) -> str:
        return self.path("/admin/attempts?" + urlencode({"outcome": "failed", "from": day, "to": day}))

    def _is_told(self, found: Finding) -> bool:
        """What happens to visitors is told to everybody: whoever may not open the page that helps, such as a marketer,
        must not read that all is well. What concerns the house is for those who look after it."""
        return found.address.startswith(_VISITORS) or self._may_open(found.address)

    def _may_open(self, address: str) -> bool:
        """Whether the page is one that this person's menu leads to, or that everyone may see."""
        places = [place.address for place in places_for(self.identity.role) if place.address != "/admin/"]
        return address.startswith(("/admin/definitions", *places))
