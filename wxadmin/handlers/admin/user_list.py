"""The list of authorized users: filtered, sorted, with the columns that its viewer likes, and counted on demand."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from wxadmin.errors import BadValue, NoSuchSegment, TooManyAtOnce
from wxadmin.handlers.admin import user_columns
from wxadmin.handlers.admin.exact_counts import Counting
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.user_columns import COOKIE, Columns
from wxadmin.handlers.admin.user_words import TOKENS
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.models import Segment
from wxadmin.queries import masking, segments, user_counts, users
from wxadmin.queries.keyset import Place
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.queries.user_counts import Progress
from wxadmin.queries.user_filters import Contact, GrantedScope, UnionidKnown, UserFilters
from wxadmin.queries.user_orders import Sort
from wxadmin.queries.users import Count, UserPage

EXACT = "exact"
_NUMBER = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, but for the page of the list."""

    filters: UserFilters
    sort: Sort
    columns: Columns
    # The segment that the filters may be saved over.
    over: Segment | None = None

    def query(self, more: Mapping[str, object]) -> str:
        """The query string of the same list with something else beside; the usual order goes without saying."""
        sort = None if self.sort is Sort.LAST_LOGIN_NEWEST else self.sort
        said: dict[str, object] = {**self.filters.given, "sort": sort, "cols": self.columns.asked, **more}
        said |= {"over": self.over.id} if self.over else {}
        query = urlencode({name: value for name, value in said.items() if value is not None})
        return f"?{query}" if query else ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A link to another page of the list: what it is to this one, and its place by a name of the query string."""

    rel: str
    towards: str
    place: Place


class UserList(UserHandler):
    async def get(self) -> None:
        asked = Asked(self.filters(), self._sort(), self._columns(), await self._over())
        if self.query("remember") == "cols":
            self._remember(asked)
            return
        offered = await self.choices_for(asked.filters)
        budget = self.budget()
        page = await self._page(asked, budget)
        await self.note_search(asked.filters, [row.id for row in page.rows])
        self.show(
            "users/list.html",
            filters=asked.filters,
            over=asked.over,
            sort=asked.sort,
            columns=asked.columns,
            choices=offered,
            page=page,
            neighbours=_neighbours(page, asked.sort),
            headings=user_columns.headings(asked.columns, asked.sort),
            address=lambda path, **more: self.path(path) + asked.query(more),
            **await self._counted(asked, page, budget),
            **self._vocabulary(asked.filters),
        )

    async def _page(self, asked: Asked, budget: ReadBudget) -> UserPage:
        after, before = map(self._place, ("older", "newer") if asked.sort.newest_first else ("newer", "older"))
        reading = partial(users.page, after=after, before=before)
        return await self.gateway.database.read(
            reading, asked.filters, self.front.zone, masks=self.masks, sort=asked.sort, budget=budget
        )

    async def _counted(self, asked: Asked, page: UserPage, budget: ReadBudget) -> dict[str, object]:
        """The count as far as a page's budget lasts; instead of it the exact one, where that is asked for and there."""
        looked, is_busy = None, False
        if self._asks_for_exact:
            try:
                exact = await self._exactly(asked.filters)
                if (number := exact.number) is not None:
                    return {"count": Count(number, is_all=True), "exact_at": exact.at, "looked": None, "is_busy": False}
                looked = exact.progress.looked if exact.is_underway else None
            except TooManyAtOnce:
                is_busy = True
        counting = partial(users.count, beyond=page if page.before is None else None)
        count = await self.gateway.database.read(
            counting, asked.filters, self.front.zone, masks=self.masks, sort=asked.sort, budget=budget
        )
        return {"count": count, "exact_at": None, "looked": looked, "is_busy": is_busy}

    async def _exactly(self, filters: UserFilters) -> Counting:
        async def count(progress: Progress) -> int:
            return await self.gateway.database.long_reads.read(
                user_counts.exactly, filters, self.front.zone, masks=self.masks, progress=progress
            )

        question = (filters, self.identity.role)
        return await self.front.exact_counts.ask(self.identity.name, question, count)

    @property
    def _asks_for_exact(self) -> bool:
        kind = self.query("count")
        if kind not in {None, EXACT}:
            raise BadRequest(f"count is {EXACT}, or left out")
        return kind == EXACT

    def _vocabulary(self, filters: UserFilters) -> dict[str, object]:
        """The words of the page, and what its viewer may do."""
        grants = self.front.grants.last
        return {
            "scopes": GrantedScope,
            "unionids": UnionidKnown,
            "contacts": Contact,
            "sorts": Sort,
            "tokens": TOKENS,
            "column_labels": user_columns.LABELS,
            "counted_to": users.COUNTED_TO,
            "exactly": EXACT,
            "users_in_all": grants.users if grants else None,
            "whole": whole,
            "filters_set": len(filters.given.keys() - {"q"}),
            "may_export": self.identity.role in EXPORTERS,
            "matches_exactly": not self.masks.is_clear(*masking.SEARCHED),
            "moment": self.moment,
            "looked_as_far": self._looked_as_far,
        }

    def _looked_as_far(self, found: UserPage) -> str:
        say = translator(self.language).gettext
        reached = self.moment(found.reached) if found.reached else ""
        words = say(msgid("%(looked)s users were looked through, as far as %(moment)s."))
        return words % {"looked": whole(found.looked), "moment": reached}

    async def _over(self) -> Segment | None:
        """The segment that somebody came from; None where it is gone since."""
        typed = self.query("over")
        if typed is None:
            return None
        if not _NUMBER.fullmatch(typed):
            raise BadRequest("over is the number of a segment")
        with suppress(NoSuchSegment):
            return await self.gateway.database.read(segments.find, int(typed))
        return None

    def _sort(self) -> Sort:
        try:
            return Sort.read(self.query("sort"))
        except BadValue as error:
            raise BadRequest(str(error)) from None

    def _columns(self) -> Columns:
        values = self.request.query_arguments.get("cols", [])
        return user_columns.read([value.decode(errors="replace") for value in values], self.get_cookie(COOKIE))

    def _remember(self, asked: Asked) -> None:
        """Keeps what was chosen for the lists to come, and goes on to a list whose address says the same."""
        self.keep_choice(COOKIE, asked.columns.text)
        self.redirect(self.path("/admin/users") + asked.query({}), status=HTTPStatus.SEE_OTHER)

    def _place(self, name: str) -> Place | None:
        text = self.query(name)
        try:
            return Place.read(text) if text else None
        except BadValue as error:
            raise BadRequest(str(error)) from None


def _neighbours(page: UserPage, sort: Sort) -> list[Neighbour]:
    before, after = ("newer", "older") if sort.newest_first else ("older", "newer")
    found = [("prev", before, page.before), ("next", after, page.after)]
    return [Neighbour(rel, towards, place) for rel, towards, place in found if place]
