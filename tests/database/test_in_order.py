"""A large table in the order of its index: PostgreSQL is kept from sorting it, for one transaction."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from wxadmin.database.engines import database_url
from wxadmin.database.in_order import go_in_order


def test_other_transactions_plan_as_they_did(postgresql_url: str) -> None:
    engine = create_engine(database_url(postgresql_url), pool_size=1)
    shown = text("SHOW enable_hashjoin")

    with Session(engine) as session:
        go_in_order(session)
        meanwhile = session.scalar(shown)
        session.rollback()
        after = session.scalar(shown)
    engine.dispose()

    assert (meanwhile, after) == ("off", "on")


def test_sqlite_is_told_nothing(sqlite_url: str) -> None:
    engine = create_engine(database_url(sqlite_url))

    with Session(engine) as session:
        go_in_order(session)
        found = session.scalar(text("SELECT 1"))
    engine.dispose()

    assert found == 1
