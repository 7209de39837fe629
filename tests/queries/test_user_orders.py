"""The list of users in every order: pages both ways, whatever is filtered, and never by what is masked."""

import random
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.crowd import NOON, ZONE, crowd, drawn
from tests.factories import UserFactory
from wxadmin.errors import BadValue
from wxadmin.queries import users
from wxadmin.queries.keyset import Place
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.user_orders import Means, Sort

Pages = list[list[int]]


def forth(session: Session, filters: UserFilters, sort: Sort, size: int) -> tuple[Pages, Place | None]:
    """The ids on all pages, and where the last one begins."""
    pages: Pages = []
    after, last = None, None
    while True:
        page = users.page(session, filters, ZONE, masks=CLEAR, sort=sort, after=after, size=size)
        pages.append([row.id for row in page.rows])
        after, last = page.after, page.before
        if after is None:
            return pages, last


def back(session: Session, filters: UserFilters, sort: Sort, size: int, before: Place | None) -> Pages:
    """The same, going from that place to the first page."""
    pages: Pages = []
    while before:
        page = users.page(session, filters, ZONE, masks=CLEAR, sort=sort, before=before, size=size)
        pages.append([row.id for row in page.rows])
        before = page.before
    return pages


@pytest.mark.parametrize("sort", Sort)
def test_each_order_has_everybody_once_and_in_its_order(session: Session, sort: Sort) -> None:
    rng = random.Random(3)
    made = [
        UserFactory(
            first_seen_at=NOON - timedelta(hours=rng.randrange(200)), last_login_at=NOON - timedelta(hours=number % 7)
        )
        for number in range(23)
    ]

    pages, last = forth(session, UserFilters(), sort, 5)

    at = "first_seen_at" if sort.is_by_first_login else "last_login_at"
    right = sorted(made, key=lambda user: (getattr(user, at), user.id), reverse=sort.newest_first)
    assert [row_id for page in pages for row_id in page] == [user.id for user in right]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert back(session, UserFilters(), sort, 5, last) == pages[-2::-1]


def test_thirty_random_filters_leave_the_same_people_in_every_order(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 25)
    rng = random.Random(11)
    crowd(rng)

    for filters in [UserFilters.read(drawn(rng)) for _ in range(30)]:
        found = {sort: [row for page in forth(session, filters, sort, 9)[0] for row in page] for sort in Sort}

        everybody = found[Sort.LAST_LOGIN_NEWEST]
        assert all(sorted(rows) == sorted(everybody) for rows in found.values()), filters
        assert all(found[sort] == found[sort.turned][::-1] for sort in Sort), filters


def test_a_stretch_of_the_order_passes_over_nobody(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 1)
    made = [UserFactory(first_seen_at=NOON - timedelta(days=9 * number)) for number in range(5)]
    day = f"{NOON - timedelta(days=18):%Y-%m-%d}"

    filters = UserFilters.read({"first_from": day, "first_to": day})
    page = users.page(session, filters, ZONE, masks=CLEAR, sort=Sort.FIRST_LOGIN_NEWEST)

    assert ([row.id for row in page.rows], page.is_cut) == ([made[2].id], False)
    count = users.count(session, filters, ZONE, masks=CLEAR, sort=Sort.FIRST_LOGIN_NEWEST)
    assert count == users.Count(1, is_all=True)


def test_every_filter_is_offered_in_every_order() -> None:
    offered = {name: set(means) for name, means in users.OFFERED.items()}

    assert offered == {name: {False, True} for name in UserFilters.names()}
    assert {means for by_order in users.OFFERED.values() for means in by_order.values()} == set(Means)


@pytest.mark.parametrize("typed", ["nickname", "-openid", "unionid", "ref", "logins", "last_login ", "--last_login"])
def test_nothing_that_is_masked_or_has_no_index_is_an_order(typed: str) -> None:
    with pytest.raises(BadValue, match="sort is one of"):
        Sort.read(typed)
