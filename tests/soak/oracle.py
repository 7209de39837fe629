"""What the database holds, asked in plain SQL through the drivers themselves."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
SELECT (SELECT coalesce(sum(started), 0) FROM login_hour)
       - (SELECT count(*) FROM event WHERE stage = 'start' AND event_class <> 'refused'),
       (SELECT coalesce(sum(refused), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE event_class = 'refused'),
       (SELECT coalesce(sum(succeeded), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE outcome = 'succeeded'),
       (SELECT coalesce(sum(failed), 0) FROM login_hour)
       - (SELECT count(*) FROM event WHERE outcome = 'failed' AND event_class <> 'refused'),
       (SELECT coalesce(sum(denied + snapshot + abandoned + recovered), 0) FROM login_hour)
       - (SELECT count(*) FROM event WHERE outcome IN ('denied', 'snapshot', 'abandoned') OR recovered),
       (SELECT coalesce(sum(new_users), 0) FROM login_hour) - (SELECT count(*) FROM "user"),
       (SELECT coalesce(sum(people), 0) FROM login_hour) - (SELECT count(*) FROM event WHERE first_of_day),
       (SELECT coalesce(sum(logins), 0) FROM "user") - (SELECT count(*) FROM event WHERE stage = 'handoff'),
       (SELECT count(*) FROM attempt WHERE outcome = 'succeeded') - (SELECT count(DISTINCT attempt_id) FROM ticket),
       (SELECT count(*) FROM attempt) - (SELECT count(*) FROM event WHERE stage = 'start')
"""
# A failed attempt that a second code has made a success had two ends, one after the other.
_WITHOUT_ONE_END = """
SELECT support_code, outcome FROM attempt WHERE outcome IS NULL
OR (SELECT count(*) FROM event WHERE event.attempt_id = attempt.id AND event.outcome = attempt.outcome) <> 1
OR (SELECT count(*) FROM event WHERE event.attempt_id = attempt.id AND event.outcome <> attempt.outcome)
   <> CASE WHEN recovered_at IS NULL THEN 0 ELSE 1 END
"""


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """How a login ended, the code that was exchanged last, and whose it is."""

    outcome: str | None
    ended_by: str | None
    code_hash: bytes
    openid: str | None


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

    def openids_of_tickets(self) -> dict[bytes, str]:
        """By the ticket's hash, whose login it stands for."""
        query = """SELECT ticket_hash, openid FROM ticket JOIN "user" ON "user".id = ticket.user_id"""
        return {bytes(ticket_hash): openid for ticket_hash, openid in self.all(query)}

    def attempts(self) -> dict[bytes, StoredAttempt]:
        """By the state's hash, every attempt that was not refused at its start."""
        query = """SELECT state_hash, outcome, ended_by, code_hash, openid
            FROM attempt LEFT JOIN "user" ON "user".id = attempt.user_id WHERE state_hash IS NOT NULL"""
        return {
            bytes(state_hash): StoredAttempt(outcome, ended_by, bytes(code_hash or b""), openid)
            for state_hash, outcome, ended_by, code_hash, openid in self.all(query)
        }

    def states_with(self, code: str) -> set[bytes]:
        """The hashes of the states of attempts that have an event of this errcode or reason."""
        query = f"SELECT state_hash FROM attempt JOIN event ON event.attempt_id = attempt.id WHERE code = '{code}'"
        return {bytes(state_hash) for (state_hash,) in self.all(query)}

    def without_one_end(self) -> list[tuple[Any, ...]]:
        """Attempts that have no end, or events that tell of another or of more than one."""
        return self.all(_WITHOUT_ONE_END)

    def differences(self) -> list[tuple[Any, ...]]:
        """Where counts by hour are not equal to the events, or rows are missing that belong together."""
        return self.differences_of_steps() + [row for row in self.all(_LOGINS_AGAINST_EVENTS) if any(row)]

    def differences_of_steps(self) -> list[tuple[Any, ...]]:
        """Where counts of events by hour are not equal to the events: true of a sample too."""
        return self.all(_COUNTS_AGAINST_EVENTS)

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
