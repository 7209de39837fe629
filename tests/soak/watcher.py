"""An operator who reads the dashboard all the time, and the database's own shell, which counts the same."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import figures, html_tree, shells
from tests.figures import SQL, Figure, Places, Values, int_of
from tests.html_tree import Node
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.models import Account, Role, Site
from wxadmin.services import staff
from wxadmin.settings import Settings
from wxadmin.vocabulary import CLASSES

_NAME, _PASSWORD = "wang", "a password of this storm"
_XSRF = "0123456789abcdef0123456789abcdef"
_CLASS_NAMES = {word.name: event_class.value for event_class, word in CLASSES.items()}
_CODE = "40029"
_TRIES = 3
_PATIENCE_S = 120
_SECOND = timedelta(seconds=1)

# Figures whose numbers only ever grow while the day lasts, and which of several numbers do.
GROWING: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("people", "succeeded", "new_users", "failures", "users", "attempts"), (0,)),
    **dict.fromkeys(("failures_by_code", "failures_by_step", "people_affected"), (0,)),
    "asked": (0, 1, 3, 4),
}
# Tokens change their state while time goes by, and with every second the moment that is asked about.
_OF_TOKENS = {"active_tokens", "dying_tokens", "token_fresh", "token_late", "token_states", "forecast"}


@dataclass(frozen=True)
class Glimpse:
    """The users and the explicit ones among them, as of some moment between the two."""

    began: datetime
    ended: datetime
    users: int
    explicit: int

    def __str__(self) -> str:
        return f"{self.users} users, {self.explicit} explicit, {self.began} to {self.ended}"


@dataclass
class Watcher:
    """`compared` says how many numbers were held against the rows."""

    gateway: str
    settings: Settings
    places: Places
    browser: httpx.AsyncClient
    compared: Counter[str] = field(default_factory=Counter)
    counted_users: list[Glimpse] = field(default_factory=list)
    shown_users: list[Glimpse] = field(default_factory=list)

    @classmethod
    def hired(cls, gateway: str, settings: Settings, browser: httpx.AsyncClient) -> "Watcher":
        """With a place among the staff, and the titles of accounts and sites."""
        database = Database(settings.database)
        try:
            database.write_now(staff.add, name=_NAME, role=Role.OPERATOR, password=_PASSWORD, actor="test")
            places = database.read_now(_places)
        finally:
            database.close()
        browser.cookies.update({"wxadmin_lang": "en", "_xsrf": _XSRF})
        return cls(gateway, settings, places, browser)

    async def sign_in(self) -> None:
        form = {"_xsrf": _XSRF, "name": _NAME, "password": _PASSWORD}
        answer = await self.browser.post(f"{self.gateway}/admin/sign-in", data=form)
        assert answer.status_code == 303, answer.text

    async def watch(self, over: asyncio.Event) -> None:
        """Holds the pages against the rows while visitors come: what only grows lies between a count before and one
        after, and is equal where nothing came in between."""
        while not over.is_set():
            began, before = utcnow(), await self._counted(_IN_MOTION)
            shown = figures.only(await self._live_pages(), GROWING)
            after, ended = await self._counted(_IN_MOTION), utcnow()
            if hour_of(began) == hour_of(ended):
                self._note_motion(shown, before, after)
        self._note_scopes()

    async def hold_against(self, rest_since: datetime) -> list[str]:
        """What differs, to the row, while nobody comes; empty where all is right."""
        for _ in range(_TRIES):
            began, before = utcnow(), await self._counted(_FIGURES)
            shown = await self._all_pages(as_of=rest_since)
            after, ended = await self._counted(_FIGURES), utcnow()
            moved = [figure for figure in before if figure[0] not in _OF_TOKENS and before[figure] != after[figure]]
            # A job of the gateway's own may have run in between.
            if hour_of(began) == hour_of(ended) and not moved:
                break
        assert moved == [], "this is no rest"
        assert set(_FIGURES) <= shown.keys()
        # Pages tell more: what a token waits for changes by the second.
        shown = {figure: shown[figure] for figure in _FIGURES}
        self.compared["at rest"] += sum(_size(value) for value in shown.values())
        wrong = set(figures.differences(shown, before)) & set(figures.differences(shown, after))
        return sorted(wrong | set(_sums_that_differ(shown)))

    def _note_motion(self, shown: Values, before: Values, after: Values) -> None:
        for figure, value in shown.items():
            for key, column, text in _texts(value, GROWING[figure[0]]):
                least, most = _number(before[figure], key, column), _number(after[figure], key, column)
                # A count that stopped says that there are more.
                is_right = (text.endswith("+") or least <= int_of(text)) and int_of(text) <= most
                assert is_right, f"{figure} {key}: {least} rows, then shown as {text}, then {most}"
                self.compared["in motion"] += 1
                self.compared["in motion and equal"] += least == most

    def _note_scopes(self) -> None:
        """The page of scopes may show what was counted a while ago, and says when: it is held against that moment."""
        for shown in self.shown_users:
            earlier = [one for one in self.counted_users if one.ended <= shown.began]
            later = [one for one in self.counted_users if one.began >= shown.ended]
            for less, more in [*((one, shown) for one in earlier[-1:]), *((shown, one) for one in later[:1])]:
                assert less.users <= more.users, f"{less}; {more}"
                assert less.explicit <= more.explicit, f"{less}; {more}"
                self.compared["in motion, as of a moment"] += 2

    async def _counted(self, asked: Sequence[Figure]) -> Values:
        began = utcnow()
        values = await asyncio.to_thread(count, self.settings, asked)
        users, explicit = (int_of(str(values[anchor, ""])) for anchor in ("users", "explicit_users"))
        self.counted_users.append(Glimpse(began, utcnow(), users, explicit))
        return values

    async def _scopes(self) -> Values:
        page = await self._page("scopes")
        values = figures.read_scopes(page, self.places)
        silent, explicit = (int_of(str(values[anchor, ""])) for anchor in ("silent_users", "explicit_users"))
        moment = _as_of(page)
        self.shown_users.append(Glimpse(moment, moment + _SECOND, silent + explicit, explicit))
        return values

    async def _live_pages(self) -> Values:
        code = await self._page(f"failures/{_CODE}?range=7")
        return {
            **figures.read_overview(await self._page("")),
            **figures.read_failures(await self._page("failures?range=today"), "today"),
            **figures.read_failures(await self._page("failures?range=30"), "30 days"),
            **figures.read_failure(code, _CODE, "7 days", _CLASS_NAMES),
            **await self._scopes(),
            **figures.read_count(await self._page("users"), "users"),
            **figures.read_count(await self._page("attempts"), "attempts"),
        }

    async def _all_pages(self, as_of: datetime) -> Values:
        """The live ones, and those that say as of when they count, once that is after the moment."""
        tokens = await self._fresh_page("tokens", as_of)
        await self._fresh_page("scopes", as_of)
        return {**await self._live_pages(), **figures.read_tokens(tokens, self.places)}

    async def _fresh_page(self, address: str, as_of: datetime) -> Node:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            page = await self._page(address)
            if _as_of(page) > as_of:
                return page
            await asyncio.sleep(0.3)
        raise AssertionError(f"{address} goes on showing what it counted before {as_of}")

    async def _page(self, address: str) -> Node:
        answer = await self.browser.get(f"{self.gateway}/admin/{address}")
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return html_tree.read(answer.text)


def count(settings: Settings, asked: Sequence[Figure]) -> Values:
    """The figures as the shell counts them, all of one moment."""
    now = utcnow()
    questions = []
    for anchor, span in asked:
        moments = figures.moments(span, now, settings.zone)
        questions.append((SQL[anchor], {name: moments[name] for name in sorted(figures.named_in(SQL[anchor]))}))
    rows = shells.answers(settings.database, questions)
    values = {figure: figures.counted(figure[0], one) for figure, one in zip(asked, rows, strict=True)}
    # The page of one code shows no other.
    return {
        (anchor, span): {key: numbers for key, numbers in value.items() if key[0] == _CODE}
        if span == "7 days" and isinstance(value, dict)
        else value
        for (anchor, span), value in values.items()
    }


_FIGURES: tuple[Figure, ...] = (
    *(
        (anchor, day)
        for anchor in ("people", "succeeded", "success_rate", "new_users", "snapshot_share")
        for day in ("today", "yesterday")
    ),
    *((anchor, "") for anchor in ("waiting", "active_tokens", "dying_tokens", "needs_consent")),
    *((anchor, span) for anchor in ("failures", "failures_by_code") for span in ("today", "30 days")),
    *((anchor, span) for anchor in ("failures_by_step", "people_affected") for span in ("today", "7 days", "30 days")),
    *((anchor, "") for anchor in ("silent_users", "explicit_users", "explicit_share", "users_by_site")),
    *(("upgrades", span) for span in ("12 weeks", "week 0", "week 1")),
    *(("explicit_conversion", "30 days"), ("asked", "30 days"), ("users", ""), ("attempts", "")),
    *((anchor, "") for anchor in ("token_fresh", "token_late", "token_needs_consent", "token_states")),
    *(("forecast", "coming 30 days"), ("refreshes", "24 hours")),
)
_IN_MOTION = tuple(figure for figure in _FIGURES if figure[0] in GROWING or figure[0] == "explicit_users")


def _places(session: Session) -> Places:
    def ids(model: type[Account] | type[Site]) -> dict[str, str]:
        return {title: str(row_id) for row_id, title in session.execute(select(model.id, model.title))}

    return Places(ids(Account), ids(Site))


def _as_of(page: Node) -> datetime:
    """The moment that the page names as that of its counts, to the second."""
    said = next(node.text for node in page.all("p", named="sub") if "as of" in node.text.lower())
    found = re.search(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\+(\d+)", said)
    assert found, said
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - timedelta(hours=int(found[2]))


def _texts(value: figures.Value, columns: Iterable[int]) -> Iterable[tuple[figures.Key, int, str]]:
    """The numbers of these columns, with their keys; what pages leave to others taken together is left out."""
    if isinstance(value, str):
        yield (), 0, value
        return
    for key, numbers in value.items():
        yield from ((key, column, numbers[column]) for column in columns if key != figures.OTHERS)


def _number(value: figures.Value, key: figures.Key, column: int) -> int:
    if isinstance(value, str):
        return int_of(value)
    return int_of(value[key][column]) if key in value else 0


def _size(value: figures.Value) -> int:
    return 1 if isinstance(value, str) else sum(map(len, value.values()))


def _sums_that_differ(shown: Values) -> list[str]:
    """Where pages contradict each other."""
    wrong = []
    for span in ("today", "30 days"):
        total, steps = shown["failures", span], shown["failures_by_step", span]
        assert isinstance(total, str)
        assert isinstance(steps, dict)
        failed = sum(int_of(number) for key, (number,) in steps.items() if key[2] == "failure" and key[1] != "refresh")
        wrong += [f"failures of {span}: {total}, by step {failed}"] if failed != int_of(total) else []
    return wrong
