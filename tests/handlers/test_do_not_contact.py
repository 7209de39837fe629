"""POST /api/v1/do-not-contact: what a site's server may say of its people, and what it is told when it may not."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx
import pytest

from tests.factories import SiteFactory, UserChannelFactory, UserFactory
from tests.handlers.test_tickets import problem
from tests.running import SiteKeys
from wxadmin.database import Database
from wxadmin.models import AuditEntry, Site, User

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    return database.read_now(lambda session: session.query(Site).filter(Site.name == "shop").one())


@pytest.fixture
def person(store: Store, shop: Site) -> User:
    made: User = store(partial(UserFactory, account_id=shop.account_id, last_site_id=shop.id))
    store(partial(UserChannelFactory, user=made, site_id=shop.id, last_ref="M-7"))
    return made


@pytest.fixture
def say(gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys) -> Callable[..., Any]:
    """`say(openid=…, blocked=True)` is what the shop's server sends."""

    async def say(key: str | None = None, **said: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {site_keys.shop if key is None else key}"}
        return await http.post(f"{gateway}/api/v1/do-not-contact", json=said, headers=headers)

    return say


async def test_a_site_sets_and_lifts_the_mark(person: User, say: Callable, stored: Stored) -> None:
    first = await say(openid=person.openid, blocked=True, reason="退订短信")
    again = await say(ref="M-7", blocked=True)
    [marked] = stored(User)
    lifted = await say(unionid=person.unionid, blocked=False)

    assert [one.json() for one in (first, again, lifted)] == [
        {"blocked": True, "changed": True},
        {"blocked": True, "changed": False},
        {"blocked": False, "changed": True},
    ]
    assert (marked.blocked_by, marked.blocked_why) == ("site shop", "退订短信")
    assert marked.change_no != person.change_no
    assert stored(User)[0].blocked_at is None
    said = [(one.actor, one.action, one.details) for one in stored(AuditEntry) if one.action.startswith("contact")]
    assert sorted(said) == [("site shop", "contact_allowed", None), ("site shop", "contact_blocked", None)]


@pytest.mark.parametrize(
    "said",
    [
        {"blocked": True},
        {"openid": "oA"},
        {"openid": "oA", "ref": "M", "blocked": True},
        {"openid": "", "blocked": True},
        {"openid": "o" * 65, "blocked": True},
        {"openid": "oA", "blocked": "yes"},
        {"openid": "oA", "blocked": 1},
        {"openid": 7, "blocked": True},
        {"openid": "oA", "blocked": True, "reason": "x" * 201},
        {"openid": "oA", "blocked": True, "reason": "a\0b"},
        {"openid": "oA", "blocked": True, "account": "tea"},
    ],
    ids=str,
)
async def test_what_is_no_such_request_is_refused(say: Callable, said: dict[str, Any]) -> None:
    answer = await say(**said)

    assert answer.status_code == 400
    assert problem(answer)["detail"]


async def test_nothing_is_told_of_people_of_other_accounts(say: Callable, store: Store, stored: Stored) -> None:
    stranger = store(partial(UserFactory, site=store(SiteFactory)))

    known, unknown = await say(openid=stranger.openid, blocked=True), await say(openid="oNobody", blocked=True)

    assert known.status_code == unknown.status_code == 404
    assert problem(known)["detail"] == problem(unknown)["detail"] == "nobody of this site's account is known by this id"
    assert stored(User)[0].blocked_at is None


@pytest.mark.parametrize("key", ["-", "nonsense"])
async def test_only_a_site_with_its_key_is_heard(person: User, say: Callable, stored: Stored, key: str) -> None:
    answer = await say(key=key, openid=person.openid, blocked=True)

    assert answer.status_code == 401
    assert problem(answer)["reason"] == "gw_site_key"
    assert stored(User)[0].blocked_at is None


async def test_a_body_that_is_no_json_is_refused(gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys) -> None:
    headers = {"Authorization": f"Bearer {site_keys.shop}"}

    answer = await http.post(f"{gateway}/api/v1/do-not-contact", content=b"openid=oA", headers=headers)

    assert answer.status_code == 400
    assert "no JSON" in problem(answer)["detail"]
