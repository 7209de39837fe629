"""Set-based statements do the same on both databases: insert, ignore, change, update, a thousand rows at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.databases import on_sqlite
from tests.factories import UserFactory
from wxadmin.database.sets import SetInsert, SetSelect, SetUpdate
from wxadmin.models import Attempt, CodeClaim, Counter, Ticket, User, UserChannel

AT = datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=UTC)

INSERT = SetInsert(Counter)
IGNORE = SetInsert(Counter, ignore=True)
ADD = SetInsert(Counter, key=["name"], changes=lambda stored, proposed: {"value": stored.value + proposed.value})
ADD_AND_TELL = SetInsert(
    Counter,
    key=["name"],
    changes=lambda stored, proposed: {"value": stored.value + proposed.value},
    returning=["name", "value"],
)
IGNORE_AND_TELL = SetInsert(Counter, key=["name"], ignore=True, returning=["name", "value"])
SET = SetUpdate(Counter, ["value"], key=["name"])


@pytest.fixture(autouse=True)
def no_counters(session: Session) -> None:
    session.execute(delete(Counter))


def rows(**values: int) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def stored(session: Session) -> dict[str, int]:
    return {row.name: row.value for row in session.execute(select(Counter.name, Counter.value))}


def test_rows_are_inserted(session: Session) -> None:
    proposed = rows(a=1, b=2)

    INSERT.execute(session.connection(), proposed)

    assert stored(session) == {"a": 1, "b": 2}


@pytest.mark.parametrize("statement", [INSERT, IGNORE, ADD, SET])
def test_a_set_of_no_rows_does_nothing(session: Session, statement: SetInsert | SetUpdate) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    statement.execute(session.connection(), [])

    assert stored(session) == {"a": 1}


def test_a_conflict_is_an_error_where_nothing_else_was_said(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    with pytest.raises(IntegrityError):
        INSERT.execute(session.connection(), rows(a=5))


def test_rows_that_are_there_are_left_alone_where_told_to_ignore(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    IGNORE.execute(session.connection(), [*rows(a=5, b=2), *rows(b=7)])

    assert stored(session) == {"a": 1, "b": 2}


def test_rows_that_are_there_are_changed_by_what_was_proposed(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    ADD.execute(session.connection(), rows(a=5, b=2))

    assert stored(session) == {"a": 6, "b": 2}


def test_what_is_stored_in_the_end_is_told(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1, other=9))

    told = ADD_AND_TELL.execute_returning(session.connection(), rows(a=5, b=2))

    assert sorted(tuple(row) for row in told) == [("a", 6), ("b", 2)]
    assert ADD_AND_TELL.execute_returning(session.connection(), []) == []


def test_of_ignored_rows_nothing_is_told_but_what_was_there(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    told = IGNORE_AND_TELL.execute_returning(session.connection(), rows(a=5, b=2))

    assert ("b", 2) in told
    assert {tuple(row) for row in told} <= {("a", 1), ("b", 2)}


def test_only_the_rows_that_are_named_are_updated(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1, b=2, c=3))

    SET.execute(session.connection(), rows(a=10, c=30, missing=40))

    assert stored(session) == {"a": 10, "b": 2, "c": 30}


def test_a_thousand_rows_are_inserted_changed_and_updated(session: Session) -> None:
    names = [f"counter {number}" for number in range(1_000)]

    INSERT.execute(session.connection(), [{"name": name, "value": 1} for name in names])
    ADD.execute(session.connection(), [{"name": name, "value": 2} for name in names])
    SET.execute(session.connection(), [{"name": name, "value": 7} for name in names[:500]])

    sums = session.execute(select(func.count(), func.sum(Counter.value))).one()
    assert tuple(sums) == (1_000, 500 * 7 + 500 * 3)


def test_nulls_bytes_times_and_truths_arrive_unchanged(session: Session) -> None:
    statement = SetInsert(Ticket)
    what = {"ticket_hash": bytes(range(32)), "attempt_id": 2**62, "site_id": 2, "user_id": 3, "browser_bound": False}
    when = {"issued_at": AT, "expires_at": AT + timedelta(minutes=5), "redeemed_at": None, "idempotency_hash": None}
    row = what | when
    other = {**row, "ticket_hash": b"\xff" * 32, "redeemed_at": AT, "idempotency_hash": b"\x00" * 32}

    statement.execute(session.connection(), [row, other])

    for expected in (row, other):
        ticket = session.get_one(Ticket, expected["ticket_hash"])
        assert {name: getattr(ticket, name) for name in expected} == expected


def test_an_update_can_set_null_and_find_rows_by_bytes(session: Session) -> None:
    claims = SetInsert(CodeClaim)
    row = {"account_id": 1, "attempt_id": 1, "claim_id": 1, "node": 1, "claimed_at": AT, "lease_until": AT}
    claims.execute(
        session.connection(), [{**row, "code_hash": code_hash} for code_hash in (b"\x00" * 32, b"\x01" * 32)]
    )

    later = {"account_id": 1, "code_hash": b"\x01" * 32, "lease_until": AT + timedelta(seconds=1), "node": 2}
    SetUpdate(CodeClaim, ["lease_until", "node"], key=["account_id", "code_hash"]).execute(
        session.connection(), [later]
    )

    found = session.execute(select(CodeClaim.node, CodeClaim.lease_until).order_by(CodeClaim.code_hash)).all()
    assert [tuple(each) for each in found] == [(1, AT), (2, AT + timedelta(seconds=1))]


def test_an_optional_column_can_be_emptied_by_an_update(session: Session) -> None:
    user = UserFactory(nickname="小雨")

    SetUpdate(User, ["nickname", "profile_at"], key=["id"]).execute(
        session.connection(), [{"id": user.id, "nickname": None, "profile_at": None}]
    )

    session.refresh(user)
    assert (user.nickname, user.profile_at) == (None, None)


def test_columns_that_are_not_named_stay_empty(session: Session) -> None:
    user = UserFactory()
    columns = ["user_id", "site_id", "channel", "first_at", "last_at", "logins"]
    row = {"user_id": user.id, "site_id": 1, "channel": "", "first_at": AT, "last_at": AT, "logins": 1}

    SetInsert(UserChannel, columns).execute(session.connection(), [row])

    assert session.scalars(select(UserChannel.last_ref).where(UserChannel.user_id == user.id)).one() is None


@pytest.mark.parametrize("text", ["小雨 🌧", "a'b\"c\\d", "{1,2}", "NULL", "", "%s :name ?"])
def test_texts_of_any_sort_arrive_unchanged(session: Session, text: str) -> None:
    INSERT.execute(session.connection(), [{"name": text, "value": 1}])

    SET.execute(session.connection(), [{"name": text, "value": 2}])

    assert stored(session) == {text: 2}


@pytest.mark.parametrize("wanted", [1, 2, 3, 31, 32, 33, 500])
def test_the_rows_of_a_set_of_keys_are_selected(session: Session, wanted: int) -> None:
    names = [f"counter {number}" for number in range(wanted + 5)]
    INSERT.execute(session.connection(), [{"name": name, "value": place} for place, name in enumerate(names)])

    found = SetSelect(Counter, ["value", "name"], key=["name"]).execute(
        session.connection(), ((name,) for name in [*names[:wanted], names[0], "missing"])
    )

    assert sorted(found) == [(place, name) for place, name in enumerate(names[:wanted])]


def test_nothing_is_selected_for_no_keys(session: Session) -> None:
    INSERT.execute(session.connection(), rows(a=1))

    assert SetSelect(Counter, ["value"], key=["name"]).execute(session.connection(), []) == []


def test_a_select_finds_rows_by_several_columns_and_gives_their_types_back(session: Session) -> None:
    users = [UserFactory(openid="oAb", profile_at=AT), UserFactory(openid="oab", unionid=None)]
    select_users = SetSelect(
        User, ["id", "unionid", "granted_base", "profile_at"], key=["account_id", "openid"], lock=["id"]
    )

    found = select_users.execute(session.connection(), [(users[0].account_id, "oAb"), (users[1].account_id, "oaB")])

    assert found == [(users[0].id, users[0].unionid, users[0].granted_base, AT)]


def test_a_select_finds_rows_by_bytes(session: Session) -> None:
    row = {"account_id": 1, "attempt_id": 1, "claim_id": 1, "node": 1, "claimed_at": AT, "lease_until": AT}
    hashes = [bytes([number]) * 32 for number in range(3)]
    SetInsert(CodeClaim).execute(session.connection(), [{**row, "code_hash": code_hash} for code_hash in hashes])

    found = SetSelect(CodeClaim, ["code_hash"], key=["code_hash"]).execute(
        session.connection(), [(hashes[0],), (hashes[2],)]
    )

    assert sorted(found) == [(hashes[0],), (hashes[2],)]


@on_sqlite
@pytest.mark.parametrize("number", [1, 2, 31, 256])
def test_a_select_never_reads_a_whole_table(session: Session, number: int) -> None:
    statements: list[tuple[str, Any]] = []
    listening = (session.get_bind(), "before_cursor_execute")
    hear = lambda conn, cursor, text, values, context, many: statements.append((text, values))  # noqa: E731
    event.listen(*listening, hear)
    try:
        for select_rows in (
            SetSelect(User, ["id"], key=["account_id", "openid"], lock=["id"]),
            SetSelect(CodeClaim, ["claim_id"], key=["account_id", "code_hash"]),
            SetSelect(Attempt, ["id"], key=["state_hash"]),
        ):
            select_rows.execute(
                session.connection(),
                [(place, str(place).encode())[-len(select_rows._key) :] for place in range(number)],
            )
    finally:
        event.remove(*listening, hear)

    plans = [session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", v).all() for text, v in statements]
    assert len(plans) == 3
    assert not [row[3] for plan in plans for row in plan if row[3].startswith("SCAN")]
