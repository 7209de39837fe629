"""Moments of samples, in text and in ids, are those of the rest of the program."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import sqlite

from wxadmin.database.types import UTCDateTime
from wxadmin.ids import Ids
from wxadmin.sample.moments import PastIds, from_datetime, text, to_datetime

_MOMENTS = [
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 20, 8, 30, 0, 1, tzinfo=UTC),
    datetime(2027, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
]


@pytest.mark.parametrize("at", _MOMENTS)
def test_the_text_is_what_the_column_type_writes(at: datetime) -> None:
    stored = UTCDateTime().process_bind_param(at, sqlite.dialect())

    written = text(from_datetime(at))

    assert written == stored
    assert to_datetime(from_datetime(at)) == at


@pytest.mark.parametrize("at", _MOMENTS)
def test_an_id_is_the_one_that_the_program_draws_at_that_moment(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: from_datetime(at) * 1000)
    drawn_then = Ids(node=4097).draw()

    drawn_later = PastIds(node=4097).draw(from_datetime(at))

    assert drawn_later == drawn_then


def test_ids_rise_even_where_time_does_not() -> None:
    ids = PastIds(node=1)
    at = from_datetime(_MOMENTS[1])

    drawn = [ids.draw(at - number % 3) for number in range(3000)]

    assert drawn == sorted(set(drawn))
