"""What was changed about accounts and sites: of those that are asked about, and to whom it may be told."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, AuditEntryFactory, SiteFactory
from wxadmin.clock import utcnow
from wxadmin.handlers.admin.audit_words import ACTION_WORDS
from wxadmin.models import Site
from wxadmin.queries import changes
from wxadmin.queries.hours import EVERYBODY, Part

NOW = utcnow()
DAY = timedelta(days=1)


@pytest.fixture
def shop(session: Session) -> Site:
    """A site of the account `tea`, and another of another, all of which were changed."""
    shop: Site = SiteFactory(name="shop", title="茶铺", account=AccountFactory(name="tea", title="云雾"))
    SiteFactory(name="clinic", title="口腔", account=AccountFactory(name="health", title="安和"))
    told = [
        *(("signed_in", "ada"), ("users_exported", "users"), ("keys_rotated", "keys")),
        *(("account_secret_replaced", "tea"), ("account_disabled", "health")),
        *(("site_changed", "shop"), ("site_key_rotated", "clinic"), ("site_disabled", "gone")),
    ]
    for number, (action, subject) in enumerate(told):
        AuditEntryFactory(action=action, subject=subject, at=NOW - timedelta(minutes=10 - number))
    return shop


def told(session: Session, part: Part, *, is_confined: bool = False) -> list[tuple[str, str | None]]:
    found = changes.newest(session, NOW - DAY, NOW, part, is_confined=is_confined)
    return [(one.action, one.title) for one in found]


def test_changes_come_newest_first_without_what_changes_no_login(session: Session, shop: Site) -> None:
    assert told(session, EVERYBODY) == [
        ("site_key_rotated", "口腔"),
        ("site_changed", "茶铺"),
        ("account_disabled", "安和"),
        ("account_secret_replaced", "云雾"),
        ("keys_rotated", None),
    ]


def test_those_of_a_site_are_its_own_and_its_accounts(session: Session, shop: Site) -> None:
    of_site = told(session, Part(frozenset({shop.id})))
    of_account = told(session, Part(account_id=shop.account_id))

    assert (
        of_site == of_account == [("site_changed", "茶铺"), ("account_secret_replaced", "云雾"), ("keys_rotated", None)]
    )


def test_a_developer_is_told_of_their_own_sites_alone(session: Session, shop: Site) -> None:
    own = told(session, Part(frozenset({shop.id})), is_confined=True)
    none = told(session, Part(frozenset()), is_confined=True)

    assert (own, none) == ([("site_changed", "茶铺")], [])


def test_they_are_of_the_time_that_is_asked_for_and_not_endless(session: Session, shop: Site) -> None:
    AuditEntryFactory.create_batch(changes.MOST + 5, action="site_changed", subject="shop", at=NOW - 3 * DAY)

    found = changes.newest(session, NOW - 4 * DAY, NOW - 2 * DAY, EVERYBODY)

    assert {one.at for one in found} == {NOW - 3 * DAY}
    assert len(found) == changes.MOST


def test_each_has_its_words() -> None:
    assert {*changes.OF_ACCOUNTS, *changes.OF_SITES, *changes.OF_ALL} <= set(ACTION_WORDS)
