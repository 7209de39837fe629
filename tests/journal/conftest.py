"""Writers over the test's database, and a step that does what a test says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import pytest
from sqlalchemy import func, select, text

from tests.factories import SiteFactory
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Attempt, Event, LoginHour, Site
from wxadmin.services import house
from wxadmin.services.batch import Batch

Store = Callable[[Callable[[], Any]], Any]


@dataclass
class Statement:
    """A step that does what a test says, so many times."""

    refusable: ClassVar[bool] = False

    sql: str
    times: int = 1
    done: list[str] = field(default_factory=list)

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[str]:
        for step in steps:
            if len(step.done) < step.times:
                step.done.append(step.sql)
                batch.connection.execute(text(step.sql))
        return ["done" for _ in steps]


@pytest.fixture
def writer(database: Database, ids: Ids) -> Writer:
    return Writer(database.writer, ids=ids, node=database.write_now(house.register_node))


@pytest.fixture
def site(store: Store) -> Site:
    made: Site = store(SiteFactory)
    return made


def number_stored(database: Database) -> tuple[int, int, int]:
    """Numbers of attempts, of events, and of starts that are counted."""
    counts = select(
        select(func.count(Attempt.id)).scalar_subquery(),
        select(func.count(Event.id)).scalar_subquery(),
        select(func.coalesce(func.sum(LoginHour.started), 0)).scalar_subquery(),
    )
    attempts, events, started = database.read_now(lambda session: session.execute(counts).one())
    return attempts, events, started
