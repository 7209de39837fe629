"""The live feed: what happens at any process is told in words, filtered, in bounds, to those who may see it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests import html_tree, running, steps, streams
from tests.databases import on_sqlite
from tests.factories import AttemptFactory, EventFactory
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.running import CLINIC_URL
from tests.visiting import Visitor
from wxadmin.database import Database
from wxadmin.handlers.admin import feed, live
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Attempt, Site, User
from wxadmin.services import house, sessions
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence[Any]]
Store = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def happen(store: Store, shop: Site) -> Callable[..., list[Any]]:
    """`happen(30, failure=True)` stores so many events of attempts of the shop."""

    def happen(number: int, **columns: Any) -> list[Any]:
        return store(lambda: [EventFactory(attempt=AttemptFactory(site=shop), **columns) for _ in range(number)])

    return happen


def listen(person: StaffVisitor, query: str = "", *, gateway: str = "", last_id: str = "", lang: str = "en") -> Any:
    return streams.listening(gateway or person.gateway, person._cookie(lang), query, last_id=last_id)


def list_of(page: httpx.Response) -> list[str]:
    """The rows of the list, newest first."""
    log = next(node for node in html_tree.read(page.text).all("div") if node.attributes.get("role") == "log")
    return [row.text for row in log.one("ol").all("li")]


async def test_the_list_says_in_words_what_happened_and_leads_to_the_attempt(
    visitor: Visitor, staff: SignIn, world: World, stored: Stored, gateway: str
) -> None:
    await visitor.log_in()
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    await visitor.get(await visitor.agree(await visitor.start()))

    page = await staff("support").get("/admin/live", lang="zh_CN")

    rows = list_of(page)
    assert any("授权成功" in row for row in rows)
    assert any("失败 40029" in row and "换取凭证" in row for row in rows)
    assert sum("发起" in row for row in rows) == 2
    codes = {f"{attempt.support_code[:4]}-{attempt.support_code[4:]}" for attempt in stored(Attempt)}
    assert set(re.findall(r'href="/admin/attempts/([^"]+)"', page.text)) == codes


async def test_what_happens_is_told_as_it_happens(visitor: Visitor, staff: SignIn) -> None:
    async with listen(staff("operator")) as stream:
        await visitor.log_in()
        rows = await stream.rows(3)

    assert stream.status == 200
    assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Login succeeded" in [row["word"] for row in rows]
    assert {row["href"] for row in rows} == {f"/admin/attempts/{rows[0]['support_code']}"}


@pytest.fixture
async def another_gateway(settings: Settings, gateway: str) -> AsyncIterator[str]:
    """A second one over the same database."""
    async with running.serving(settings) as address:
        yield address


async def test_a_feed_tells_of_all_processes(
    visitor: Visitor, staff: SignIn, another_gateway: str, http: httpx.AsyncClient
) -> None:
    operator = staff("operator")
    elsewhere = Visitor(another_gateway, http)

    async with listen(operator) as here, listen(operator, gateway=another_gateway) as there:
        await visitor.log_in()
        await elsewhere.start()
        here_rows, there_rows = await here.rows(4), await there.rows(4)

    told = [{row["support_code"] for row in rows} for rows in (here_rows, there_rows)]
    assert len(told[0]) == 2
    assert told[0] == told[1]


async def test_at_most_twenty_rows_come_in_a_second_and_the_rest_is_counted(
    staff: SignIn, happen: Callable[..., list[Any]]
) -> None:
    async with listen(staff("operator")) as stream:
        happened = happen(70)
        failed = happen(1, failure=True)
        again = happen(1)
        while str(again[0].id) not in (ids := [row["id"] for row in stream.all_rows]):
            portion = await stream.next()
            assert portion is not None
            assert len(portion["rows"]) <= feed.AT_ONCE

    counted = sum(int(event["more"].split()[1]) for event in stream.events if event["more"])
    assert len(ids) == len(set(ids))
    assert len(ids) + counted == len(happened) + len(failed) + len(again)
    assert counted > 0


async def test_of_too_many_those_that_went_wrong_are_shown(staff: SignIn, happen: Callable[..., list[Any]]) -> None:
    before = happen(1)
    failed = happen(3, failure=True)
    happen(60)

    async with listen(staff("operator"), f"?after={before[0].id}") as stream:
        portion = await stream.next()

    assert portion is not None
    assert len(portion["rows"]) == feed.AT_ONCE
    assert portion["more"] == "and 43 more"
    assert {str(one.id) for one in failed} <= {row["id"] for row in portion["rows"]}


async def test_who_comes_back_is_told_of_all_that_happened_meanwhile(
    staff: SignIn, happen: Callable[..., list[Any]]
) -> None:
    operator = staff("operator")
    async with listen(operator) as stream:
        first = happen(2)
        await stream.rows(2)
    missed = happen(3)

    async with listen(operator, "?after=1", last_id=stream.last_id) as later:
        portion = await later.next()

    assert portion is not None
    told = {row["id"] for row in portion["rows"]}
    assert {str(one.id) for one in missed} <= told <= {str(one.id) for one in [*first, *missed]}
    assert (portion["more"], portion["gap"]) == ("", "")


async def test_an_event_that_appears_after_one_with_a_higher_id_is_told_too(
    staff: SignIn, happen: Callable[..., list[Any]]
) -> None:
    slow = Ids(node=4_002)
    drawn_early = [slow.draw() for _ in range(2)]
    operator = staff("operator")

    async with listen(operator) as stream:
        [quick] = happen(1)
        await stream.rows(1)
        happen(1, id=drawn_early[0])
        rows = await stream.rows(2)
    happen(1, id=drawn_early[1])
    async with listen(operator, last_id=stream.last_id) as later:
        again = await later.rows(3)

    assert [row["id"] for row in rows] == [str(drawn_early[0]), str(quick.id)]
    assert str(drawn_early[1]) in [row["id"] for row in again]


async def test_who_was_away_for_long_is_told_that_some_is_missing(
    staff: SignIn, happen: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, *_ = happen(3)
    monkeypatch.setattr(feed, "RESUMABLE", timedelta(0))

    async with listen(staff("operator"), f"?after={old.id}") as stream:
        portion = await stream.next()

    assert portion is not None
    assert portion["gap"] == "You were away for long: earlier steps are not shown here."
    assert portion["rows"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("site=clinic", {"clinic"}),
        ("outcome=abandoned", {"abandoned"}),
        ("class=failure", {"failed", "refused_code"}),
        ("code=40029", {"failed"}),
        ("account=tea&class=failure&code=40125", {"refused_code"}),
        ("outcome=failed", {"refused_code"}),
    ],
)
async def test_list_and_stream_are_filtered_alike(
    staff: SignIn, store: Store, shop: Site, database: Database, *, query: str, expected: set[str]
) -> None:
    clinic = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "clinic")).one())
    operator = staff("operator")

    def of(site: Site, **columns: Any) -> Any:
        return EventFactory(attempt=AttemptFactory(site=site), **columns)

    def make() -> dict[str, Any]:
        return {
            "clinic": of(clinic),
            "abandoned": of(shop, event_class="abandoned", code="gw_no_callback", outcome="abandoned"),
            "failed": of(shop, failure=True),
            "refused_code": of(shop, failure=True, code="40125", outcome="failed"),
            "refused_start": of(shop, event_class="refused", code="gw_loop", outcome="failed"),
        }

    async with listen(operator, f"?{query}") as stream:
        made = store(make)
        rows = await stream.rows(len(expected))
    page = await operator.get(f"/admin/live?{query}")

    wanted = {str(made[name].id) for name in expected}
    assert {row["id"] for row in rows} == wanted
    assert set(re.findall(r'data-id="(\d+)"', page.text)) == wanted


@pytest.mark.parametrize("query", ["site=nowhere", "outcome=lost", "class=x", "code=drop+table", "account=1"])
@pytest.mark.parametrize("path", ["/admin/live", "/admin/live/events"])
@on_sqlite
async def test_a_filter_that_means_nothing_is_refused(staff: SignIn, path: str, query: str) -> None:
    page = await staff("operator").get(f"{path}?{query}", headers={"Accept": "text/event-stream"})

    assert page.status_code == 400


async def test_a_developer_is_told_of_their_own_sites_alone(
    staff: SignIn, visitor: Visitor, happen: Callable[..., list[Any]]
) -> None:
    developer = staff("developer", ["clinic"])

    async with listen(developer) as stream:
        happen(2)
        await visitor.start(url=CLINIC_URL)
        rows = await stream.rows(1)
    page = await developer.get("/admin/live")
    foreign = await developer.get("/admin/live?site=shop")

    assert [row["word"] for row in rows] == ["Started"]
    assert len(list_of(page)) == 1
    assert foreign.status_code == 400


async def test_nothing_of_the_stream_says_who_somebody_is(
    staff: SignIn, visitor: Visitor, stored: Stored, gateway: str
) -> None:
    async with listen(staff("admin")) as stream:
        await visitor.log_in(scope="snsapi_userinfo", ref="member-4711")
        await stream.rows(4)
    page = await staff("admin").get("/admin/live")

    [attempt] = stored(Attempt)
    [user] = stored(User)
    secrets = [user.openid, user.nickname, str(user.id), attempt.ip, "member-4711", attempt.nonce or "nonce"]
    assert [secret for secret in secrets if secret in str(stream.events) or secret in page.text] == []


@on_sqlite
async def test_marketers_and_strangers_are_told_nothing(staff: SignIn) -> None:
    marketer = staff("marketer")
    stranger = StaffVisitor(marketer.gateway, marketer.http, "stranger", "A" * 32)

    answers = [await person.get("/admin/live/events") for person in (marketer, stranger)]

    assert [answer.status_code for answer in answers] == [403, 302]


async def test_a_feed_ends_with_its_session(
    staff: SignIn, happen: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOKS_EVERY_S", 0.1)
    operator, colleague = staff("operator"), staff("operator")

    async with listen(operator) as stream, listen(colleague) as other:
        await operator.post("/admin/sign-out")
        end = await stream.next()
        after = await stream.next()
        happen(1)
        still = await other.rows(1)

    assert (stream.kinds, end, after) == (["ended"], {}, None)
    assert len(still) == 1


@on_sqlite
async def test_looking_on_keeps_no_session_alive(
    staff: SignIn, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    operator = staff("operator")
    monkeypatch.setattr(live, "_LOOKS_EVERY_S", 0.1)

    async with listen(operator) as stream:
        monkeypatch.setattr(sessions, "IDLE", timedelta(0))
        end = await stream.next()

    assert (stream.kinds, end) == (["ended"], {})


async def test_a_stop_does_not_wait_for_those_who_listen(settings: Settings, staff: SignIn, tmp_path: Path) -> None:
    operator, port = staff("operator"), running.unused_port()
    with running.serve(settings, port, folder=tmp_path) as program:
        async with AsyncExitStack() as stack:
            address = f"http://127.0.0.1:{port}"
            opened = [await stack.enter_async_context(listen(operator, gateway=address)) for _ in range(3)]

            code = await asyncio.to_thread(program.terminate)
            ends = [await stream.next() for stream in opened]

    assert [stream.status for stream in opened] == [200] * 3
    assert (ends, code) == ([None] * 3, 0)
    assert "drain_cut_short" not in program.output
    assert "Traceback" not in program.output


@on_sqlite
async def test_so_many_may_listen_and_others_are_asked_for_patience(
    staff: SignIn, monkeypatch: pytest.MonkeyPatch, happen: Callable[..., list[Any]]
) -> None:
    monkeypatch.setattr(feed, "LISTENERS", 2)
    operator = staff("operator")

    async with listen(operator), listen(operator) as second:
        async with listen(operator) as third:
            refused = third.status, third.headers.get("Retry-After")
        happen(1)
        told = await second.rows(1)
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(streams.PATIENCE_S):
            while (await stack.enter_async_context(listen(operator))).status != 200:
                await asyncio.sleep(0.02)

    assert refused == (503, "10")
    assert len(told) == 1


@on_sqlite
async def test_a_browser_that_goes_leaves_nothing_behind(
    staff: SignIn, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    really = feed.Feed._look

    async def look(self: feed.Feed) -> None:
        looks.append(self._seats_taken)
        await really(self)

    monkeypatch.setattr(feed, "_LOOKS_EVERY_S", 0.05)
    monkeypatch.setattr(feed.Feed, "_look", look)
    async with listen(staff("operator")):
        while not looks:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    seen = len(looks)
    await asyncio.sleep(0.5)

    assert set(looks) == {1}
    assert len(looks) == seen


@on_sqlite
async def test_a_feed_outlives_a_look_that_fails(
    staff: SignIn, happen: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([feed.DatabaseUnavailable("away"), ValueError("a bug")])
    really = Database.read

    async def read(self: Database, query: Any, *args: Any, **kwargs: Any) -> Any:
        if query is feed.live.since and (failure := next(failures, None)):
            raise failure
        return await really(self, query, *args, **kwargs)

    monkeypatch.setattr(feed, "_LOOKS_EVERY_S", 0.05)
    async with listen(staff("operator")) as stream:
        monkeypatch.setattr(Database, "read", read)
        happen(1)
        rows = await stream.rows(1)

    assert len(rows) == 1


@on_sqlite
async def test_a_quiet_feed_says_that_it_is_alive(staff: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOKS_EVERY_S", 0.02)
    monkeypatch.setattr(live, "_HEARTBEAT_S", 0.05)

    async with listen(staff("operator")) as stream, asyncio.timeout(streams.PATIENCE_S):
        lines = [line async for line in _until_beat(stream)]

    assert lines[0] == "retry: 3000"


async def _until_beat(stream: streams.Stream) -> AsyncIterator[str]:
    async for line in stream._lines:
        yield line
        if line == ":":
            return


async def test_a_thousand_steps_at_once_are_told_in_bounds(staff: SignIn, database: Database, shop: Site) -> None:
    node = database.write_now(house.register_node)
    writer = Writer(database.writer, ids=Ids(node), node=node)

    async with listen(staff("operator")) as stream:
        await asyncio.to_thread(writer.write, [steps.start(shop) for _ in range(1_000)])
        portion = await stream.next()

    assert portion is not None
    assert (len(portion["rows"]), portion["more"]) == (feed.AT_ONCE, "and 980 more")
    assert {row["word"] for row in portion["rows"]} == {"Started"}
