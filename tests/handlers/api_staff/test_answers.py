"""What the calls answer: the pages' own numbers, page by page, and what is wrong with a question."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import (
    AttemptFactory,
    EventFactory,
    FailureHourFactory,
    TokenFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.handlers.api_staff.conftest import Script, Scripts
from wxadmin import support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.days import DAY, day_of
from wxadmin.models import Site, Stage
from wxadmin.queries import event_list, users
from wxadmin.settings import Settings

Store = Callable[[Callable[[], Any]], Any]


async def every(asker: Script, path: str, **asked: str) -> list[dict[str, Any]]:
    """The items of all pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = "&".join(f"{name}={value}" for name, value in (asked | ({"cursor": cursor} if cursor else {})).items())
        answer = await asker.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def test_all_pages_of_users_hold_everybody_once(script: Scripts, store: Store, shop: Site) -> None:
    now = utcnow()
    made = store(
        lambda: [
            UserFactory(site=shop, account_id=shop.account_id, last_login_at=now - timedelta(minutes=n // 3))
            for n in range(120)
        ]
    )

    items = await every(script("operator"), "/users")

    assert sorted(int(item["id"]) for item in items) == sorted(user.id for user in made)
    assert {(item["account"], item["site"]) for item in items} == {("tea", "shop")}
    assert [item["last_login_at"] for item in items] == sorted((item["last_login_at"] for item in items), reverse=True)


async def test_filters_are_those_of_the_page(script: Scripts, store: Store, shop: Site) -> None:
    made = store(lambda: UserFactory(site=shop, account_id=shop.account_id, nickname="小雨", openid="oABC" + "x" * 20))
    store(lambda: UserChannelFactory(user=made, channel="autumn"))
    store(lambda: UserFactory(site=shop, account_id=shop.account_id, silent=True))
    asker = script("marketer")

    for asked in ({"q": "小"}, {"q": "oABCxxxx"}, {"channel": "autumn"}, {"scope": "explicit"}):
        assert [item["id"] for item in await every(asker, "/users", **asked)] == [str(made.id)]


async def test_users_are_sorted_both_ways_and_found_by_when_they_came(
    script: Scripts, store: Store, shop: Site
) -> None:
    now = utcnow()
    columns = {"site": shop, "account_id": shop.account_id}
    made = store(
        lambda: [UserFactory(**columns, first_seen_at=now - timedelta(days=n), logins=n + 1) for n in range(3)]
    )
    for user in made:
        store(lambda user=user: UserChannelFactory(user=user, channel="poster", first_at=user.first_seen_at))
    asker = script("marketer")

    by_first = [item["id"] for item in await every(asker, "/users", sort="first_login")]
    frequent = await every(asker, "/users", logins_min="2", logins_max="2", unionid="known", channel="poster")
    early = await every(asker, "/users", channel="poster", came_to=f"{now - timedelta(days=1):%Y-%m-%d}", site="shop")

    assert by_first == [str(user.id) for user in reversed(made)]
    assert [(item["id"], item["logins"]) for item in frequent] == [(str(made[1].id), 2)]
    assert {item["id"] for item in early} >= {str(made[2].id)}


async def test_one_user_is_told_with_token_channels_and_other_openids(
    script: Scripts, store: Store, shop: Site
) -> None:
    made = store(lambda: UserFactory(site=shop, account_id=shop.account_id, unionid="oUNI" + "x" * 20))
    twin = store(lambda: UserFactory(site=shop, account_id=shop.account_id, unionid=made.unionid))
    store(lambda: TokenFactory(user=made))
    store(lambda: UserChannelFactory(user=made, channel="", last_ref="M-7"))

    told = (await script("admin").get(f"/users/{made.id}")).json()

    assert (told["openid"], told["nickname"], told["logins"]) == (made.openid, made.nickname, 3)
    assert told["token"]["state"] == "fresh"
    assert [(one["scope"], one["site"], one["is_first"]) for one in told["grants"]] == [
        ("snsapi_base", "shop", True),
        ("snsapi_userinfo", None, True),
    ]
    assert [(one["id"], one["openid"]) for one in told["others"]] == [(str(twin.id), twin.openid)]
    assert [(one["site"], one["channel"], one["ref"]) for one in told["came_through"]] == [("shop", None, "M-7")]


async def test_attempts_are_listed_and_one_is_told_step_by_step(script: Scripts, store: Store, shop: Site) -> None:
    made = [store(lambda: AttemptFactory(site=shop, failed=True)) for _ in range(60)]
    store(lambda: EventFactory(attempt=made[0], stage=Stage.EXCHANGE.value, failure=True))
    asker = script("support")

    items = await every(asker, "/attempts", outcome="failed", site="shop")
    sloppy = made[0].support_code.lower()
    told = (await asker.get(f"/attempts/{sloppy}")).json()

    codes = [support_codes.show(attempt.support_code) for attempt in reversed(made)]
    assert [item["support_code"] for item in items] == codes
    assert (told["support_code"], told["account"], told["site"]) == (codes[-1], "tea", "shop")
    assert [(step["stage"], step["class"], step["code"]) for step in told["steps"]] == [
        ("exchange", "failure", "40029")
    ]


async def test_a_developer_gets_their_own_sites_and_nothing_personal(
    script: Scripts, store: Store, shop: Site, clinic: Site
) -> None:
    own = store(lambda: AttemptFactory(site=shop, failed=True, ref="M-7", ip="203.0.113.77"))
    others = store(lambda: AttemptFactory(site=clinic, failed=True))
    for attempt in (own, others):
        store(lambda attempt=attempt: EventFactory(attempt=attempt, failure=True, user_id=77))
    asker = script("developer", ["shop"])

    items, events = await every(asker, "/attempts"), await every(asker, "/events")
    told = await asker.get(f"/attempts/{own.support_code}")
    refused = await asker.get(f"/attempts/{others.support_code}")
    searched = [await asker.get(f"/attempts?{query}") for query in ("ref=M-7", f"openid={'o' * 28}")]

    assert [item["support_code"] for item in items] == [support_codes.show(own.support_code)]
    assert [(event["site"], event["user_id"]) for event in events] == [("shop", None)]
    assert told.json()["person"] is None
    assert refused.status_code == 403
    assert [answer.status_code for answer in searched] == [403, 403]
    assert (await asker.get("/attempts?site=clinic")).status_code == 400
    assert (await asker.get("/failures?site=clinic")).status_code == 400


async def test_failures_are_counted_as_on_the_page(
    script: Scripts, store: Store, shop: Site, clinic: Site, settings: Settings
) -> None:
    hour = hour_of(utcnow())
    for site, events in ((shop, 3), (clinic, 2)):
        store(
            lambda site=site, events=events: FailureHourFactory(
                hour=hour, site_id=site.id, code="40029", stage="exchange", event_class="failure", events=events
            )
        )

    both = (await script("support").get("/failures?range=today")).json()
    own = (await script("developer", ["shop"]).get("/failures")).json()
    today = day_of(hour, settings.zone)
    given = (await script("support").get(f"/failures?from={today - 9 * DAY}&to={today}&site=shop")).json()
    before = (await script("support").get(f"/failures?to={today - DAY}")).json()

    [item] = both["items"]
    assert (item["code"], item["stage"], item["class"], item["count"]) == ("40029", "exchange", "failure", 5)
    assert len(item["by_bucket"]) == len(both["bounds"]) - 1
    assert [one["count"] for one in own["items"]] == [3]
    assert ([one["count"] for one in given["items"]], len(given["bounds"])) == ([3], 11)
    assert before["items"] == []
    assert both["next"] is None


async def test_tokens_are_summed_up_as_on_the_page(script: Scripts, store: Store, shop: Site) -> None:
    for _ in range(3):
        store(lambda: TokenFactory(user=UserFactory(site=shop, account_id=shop.account_id)))

    told = (await script("operator").get("/tokens/summary")).json()

    assert (told["tokens"], told["valid"], told["states"]["fresh"], told["states"]["late"]) == (3, 3, 3, 0)
    assert told["accounts"] == [{"account": "tea", "states": {"fresh": 3}}]


async def test_events_are_filtered_and_go_on_behind_what_one_page_looks_through(
    script: Scripts, store: Store, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_list, "SEARCHED", 20)
    attempt = store(lambda: AttemptFactory(site=shop))
    rare = store(lambda: EventFactory(attempt=attempt, stage=Stage.REDEEM.value))
    failed = store(lambda: EventFactory(attempt=attempt, failure=True, stage=Stage.EXCHANGE.value))
    store(lambda: [EventFactory(attempt=attempt) for _ in range(130)])
    asker = script("support")

    first = (await asker.get("/events?stage=redeem")).json()
    found = await every(asker, "/events", stage="redeem")
    by_code = await every(asker, "/events", code="40029", **{"class": "failure"})
    everything = await every(asker, "/events")

    assert (first["items"], first["next"] is None) == ([], False)
    assert [event["id"] for event in found] == [str(rare.id)]
    assert [(event["id"], event["code"]) for event in by_code] == [(str(failed.id), "40029")]
    assert len(everything) == 132
    assert [int(event["id"]) for event in everything] == sorted(
        (int(event["id"]) for event in everything), reverse=True
    )


async def test_days_of_events_are_those_of_the_gateways_zone(script: Scripts, store: Store, shop: Site) -> None:
    attempt = store(lambda: AttemptFactory(site=shop))
    store(lambda: EventFactory(attempt=attempt))
    asker = script("support")

    answers = [await every(asker, "/events", **{side: "2026-01-02"}) for side in ("from", "to")]

    assert [len(items) for items in answers] == [1, 0]


@pytest.mark.parametrize(
    "path",
    [
        "/users?scope=loud",
        "/users?site=nowhere",
        "/users?q=",
        "/users?q=%00",
        "/users?q=%ff",
        "/users?q=a&q=b",
        "/users?cursor=1",
        "/users?cursor=99999999999999999-1",
        "/users?first_from=20261120",
        "/users?first_from=1999-12-31",
        "/users?sort=nickname",
        "/users?sort=",
        "/users?logins_min=0",
        "/users?logins_max=many",
        "/users?unionid=yes",
        "/users?came_from=20261120",
        "/attempts?outcome=odd",
        "/attempts?from=2026-02-30",
        "/attempts?openid=x",
        "/attempts?ref=%0a",
        "/attempts?account=nowhere",
        "/failures?range=1",
        "/failures?from=2026-11-12&to=2026-11-11",
        "/failures?site=nowhere",
        "/events?class=odd",
        "/events?cursor=-1",
        "/events?code=x",
        "/tokens/summary?x=1",
        "/users/1?x=1",
    ],
)
async def test_a_question_that_cannot_be_answered_is_a_problem_that_says_why(
    script: Scripts, store: Store, path: str
) -> None:
    answer = await script("admin").get(path)

    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["title"]) == (400, 400, "Bad Request")
    assert problem["detail"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/users/1", "no user"),
        ("/users/x", "no user"),
        (f"/users/{2**63}", "no user"),
        ("/attempts/K7M2-Q9XX", "mistyped"),
        ("/attempts/K7M2-Q9XH", "no attempt"),
    ],
)
async def test_what_is_not_there_is_not_found(script: Scripts, path: str, said: str) -> None:
    answer = await script("admin").get(path)

    assert answer.status_code == 404
    assert said in answer.json()["detail"]


async def test_the_numbers_behind_pages_and_calls_are_one_query(
    script: Scripts, store: Store, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 2)
    store(lambda: UserFactory(site=shop, account_id=shop.account_id, nickname="罕见"))
    store(lambda: [UserFactory(site=shop, account_id=shop.account_id, last_login_at=utcnow()) for _ in range(4)])
    asker = script("admin")

    first = (await asker.get("/users?q=罕见")).json()

    assert (first["items"], first["next"] is None) == ([], False)
    assert [item["nickname"] for item in await every(asker, "/users", q="罕见")] == ["罕见"]
