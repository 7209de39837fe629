"""What stands beside one attempt: the person's other logins, those of the same browser, and what staff wrote down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from wxadmin.models import Attempt, AttemptNote
from wxadmin.queries.attempts import AttemptRow, rows_of

SHOWN = 10
LOOKED_THROUGH = 2_000
"""How many attempts before and after are looked through for those of the same browser."""
_SAME_BROWSER_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Company:
    """Each newest first, the attempt itself left out. The browser's are those from the same address with the same
    WeChat within two hours, as far as they are near."""

    of_person: Sequence[AttemptRow]
    of_browser: Sequence[AttemptRow]
    notes: Sequence[Note]


def find(session: Session, support_code: str) -> Company:
    """Of the attempt with this code, which is there."""
    attempt = session.scalars(select(Attempt).where(Attempt.support_code == support_code)).one()
    of_person = _of_person(session, attempt)
    seen = {attempt.id, *(row.id for row in of_person)}
    return Company(
        of_person,
        [row for row in _of_browser(session, attempt) if row.id not in seen][:SHOWN],
        _notes(session, attempt.id),
    )


def _of_person(session: Session, attempt: Attempt) -> Sequence[AttemptRow]:
    if attempt.user_id is None:
        return []
    newest = select(Attempt.id).where(Attempt.user_id == attempt.user_id, Attempt.id != attempt.id)
    return rows_of(session, newest.order_by(Attempt.id.desc()).limit(SHOWN))


def _of_browser(session: Session, attempt: Attempt) -> Sequence[AttemptRow]:
    if attempt.ip is None:
        return []
    near = [one for side in _sides(attempt) for one in _alike(session, attempt, side)]
    return rows_of(session, near) if near else []


def _sides(attempt: Attempt) -> Iterator[tuple[ColumnElement[bool], ColumnElement[int]]]:
    """Which ids lie before it and after it, and in which order the nearest come first."""
    column: ColumnElement[int] = Attempt.id  # type: ignore[assignment]
    yield Attempt.id < attempt.id, column.desc()
    yield Attempt.id > attempt.id, column.asc()


def _alike(session: Session, attempt: Attempt, side: tuple[ColumnElement[bool], ColumnElement[int]]) -> Sequence[int]:
    """Along the primary key, which looks at no more than so many: no index has addresses."""
    where, order = side
    columns = (Attempt.id, Attempt.ip, Attempt.browser_family, Attempt.wechat_version, Attempt.started_at)
    nearest = select(*columns).where(where).order_by(order).limit(LOOKED_THROUGH).subquery().c
    query = select(nearest.id).where(
        nearest.ip == attempt.ip,
        nearest.browser_family == attempt.browser_family,
        nearest.wechat_version.is_not_distinct_from(attempt.wechat_version),
        nearest.started_at >= attempt.started_at - _SAME_BROWSER_WITHIN,
        nearest.started_at <= attempt.started_at + _SAME_BROWSER_WITHIN,
    )
    return session.scalars(query.limit(SHOWN)).all()


def _notes(session: Session, attempt_id: int) -> Sequence[Note]:
    query = select(AttemptNote.at, AttemptNote.author, AttemptNote.text).where(AttemptNote.attempt_id == attempt_id)
    return [Note(*row) for row in session.execute(query.order_by(AttemptNote.id))]
