"""What the database holds, asked in plain SQL through the drivers themselves."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import make_url

_COUNTS_AGAINST_EVENTS = """
WITH counted AS (SELECT stage, event_class, sum(events) AS n FROM step_hour GROUP BY stage, event_class),
     happened AS (SELECT stage, event_class, count(*) AS n FROM event GROUP BY stage, event_class)
SELECT h.stage, h.event_class, h.n, c.n FROM happened h LEFT JOIN counted c
    ON c.stage = h.stage AND c.event_class = h.event_class WHERE c.n IS NULL OR c.n <> h.n
UNION ALL
SELECT c.stage, c.event_class, 0, c.n FROM counted c
WHERE NOT EXISTS (SELECT 1 FROM happened h WHERE h.stage = c.stage AND h.event_class = c.event_class)
"""
_LOGINS_AGAINST_EVENTS = """
SELECT (SELECT coalesce(sum(started), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE stage = 'start'),
       (SELECT coalesce(sum(succeeded), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE outcome = 'succeeded'),
       (SELECT coalesce(sum(failed), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE outcome = 'failed'),
       (SELECT coalesce(sum(new_users), 0) FROM login_hour) - (SELECT count(*) FROM "user"),
       (SELECT coalesce(sum(people), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE first_of_day),
       (SELECT coalesce(sum(logins), 0) FROM "user") - (SELECT count(*) FROM event WHERE stage = 'handoff'),
       (SELECT count(*) FROM attempt WHERE outcome = 'succeeded') - (SELECT count(*) FROM ticket),
       (SELECT count(*) FROM attempt) - (SELECT count(*) FROM event WHERE stage = 'start')
"""


class Oracle:
    """Questions to one database."""

    def __init__(self, connection: Any, *, is_sqlite: bool) -> None:
        self._connection = connection
        self._is_sqlite = is_sqlite

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.execute(query).fetchall()]

    def one(self, query: str) -> Any:
        [[value]] = self.all(query)
        return value

    def ticket_hashes(self) -> set[bytes]:
        """Of tickets whose login is whole: attempt, user and token are there too."""
        return {
            bytes(row[0])
            for row in self.all(
                """SELECT ticket_hash FROM ticket JOIN attempt ON attempt.id = ticket.attempt_id
                JOIN "user" ON "user".id = attempt.user_id JOIN token ON token.user_id = "user".id
                WHERE attempt.outcome = 'succeeded'"""
            )
        }

    def differences(self) -> list[tuple[Any, ...]]:
        """Where counts by hour are not equal to the events, or rows are missing that belong together."""
        return self.all(_COUNTS_AGAINST_EVENTS) + [row for row in self.all(_LOGINS_AGAINST_EVENTS) if any(row)]

    def faults_of_the_file(self) -> list[str]:
        """What SQLite finds wrong with its own file."""
        return [row[0] for row in self.all("PRAGMA integrity_check") if row[0] != "ok"] if self._is_sqlite else []


@contextmanager
def asked(database_url: str) -> Iterator[Oracle]:
    """An oracle over the database, with a connection of its own."""
    url = make_url(database_url)
    is_sqlite = url.drivername == "sqlite"
    connection: Any = sqlite3.connect(url.database or "") if is_sqlite else psycopg.connect(database_url)
    try:
        yield Oracle(connection, is_sqlite=is_sqlite)
    finally:
        connection.close()
