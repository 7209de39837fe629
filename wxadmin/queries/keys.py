"""Keys: how much is sealed under each, which processes have them, and what a rotation still has before it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.database.types import Sealed
from wxadmin.errors import KeysDiffer, KeyStillNeeded
from wxadmin.models import Account, KeyInUse, Node, Site, Staff, StaffTotp, Token, TokenState
from wxadmin.models.sealed import SEALED_KINDS, SealedKind
from wxadmin.security.keys import ID_BYTES, key_id

# Jobs let each process be seen every minute; longer, since clocks of hosts differ by minutes.
SERVES_UNTIL_SILENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Process:
    """One that serves. Its first key seals; it has none where it is of a version that did not say."""

    host: str
    pid: int
    seen_at: datetime
    key_ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@dataclass(slots=True)
class Holding:
    """How many rows of each kind are sealed under a key; `since` is None where it is on no list."""

    key_id: str
    since: datetime | None
    rows: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Loss:
    """What nobody can use any more without a key: AppSecrets, by the names of their accounts; hand-off keys, by those
    of their sites; living tokens of people who agreed, and of those who were never asked; the two-step codes of
    staff, by their names."""

    accounts: Sequence[str]
    sites: Sequence[str]
    explicit: int
    silent: int
    staff: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row's sealed values, and what tells what they are bound to; both in the order of its kind."""

    id: int
    values: tuple[bytes | None, ...]
    known_by: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with greater ids than `after`, up to `last`, or all that follow where that is None."""

    after: int
    last: int | None


def processes(session: Session, *, now: datetime) -> list[Process]:
    """Those that serve, the latest started first."""
    serving = Node.ended_at.is_(None), Node.seen_at > now - SERVES_UNTIL_SILENT
    nodes = session.scalars(select(Node).where(*serving).order_by(Node.id.desc()))
    return [
        Process(node.host, node.pid, node.seen_at, tuple(node.key_ids.split(",")) if node.key_ids else ())
        for node in nodes
    ]


def require_agreement(session: Session, key_id: str, *, now: datetime) -> None:
    """Raises KeysDiffer where a process that serves could not open what is sealed under the key, or seals under
    another."""
    for process in processes(session, now=now):
        if key_id not in process.key_ids:
            raise KeysDiffer(f"{process} does not have key {key_id}: {_mend('give it the key', process, now)}")
        if process.key_ids[0] != key_id:
            what = f"put {key_id} first in its WXADMIN_SECRET_KEYS"
            raise KeysDiffer(f"{process} still seals under {process.key_ids[0]}: {_mend(what, process, now)}")


def require_nowhere(session: Session, key_id: str, *, now: datetime) -> None:
    """Raises KeyStillNeeded where a process that serves has the key."""
    for process in processes(session, now=now):
        if key_id in process.key_ids:
            what = "while it has, `wxadmin keys rotate` loses nothing; to forget the key all the same, stop the process"
            raise KeyStillNeeded(f"{process} has key {key_id}: {what}")


def holdings(session: Session) -> list[Holding]:
    """Every key that is on the list or that something is sealed under, the oldest first. Looks at all tokens."""
    listed = session.execute(select(KeyInUse.key_id, KeyInUse.first_used_at).order_by(KeyInUse.first_used_at))
    found = {key: Holding(key, since) for key, since in listed}
    for kind in SEALED_KINDS:
        keys = [_key(value) for value in kind.values]
        for *of_row, rows in session.execute(select(*keys, func.count()).group_by(*keys)):
            for key in {key_id(key) for key in of_row if key}:
                found.setdefault(key, Holding(key, None)).rows[kind.name] += rows
    return list(found.values())


def is_needed(session: Session, key_id: str) -> bool:
    """Whether anything is sealed under the key. Looks at all tokens where nothing is."""
    needing = (select(kind.id).where(under(kind, key_id)).limit(1) for kind in SEALED_KINDS)
    return any(session.execute(query).first() for query in needing)


def loss(session: Session, key_id: str) -> Loss:
    """What would be given up with the key. Looks at all tokens."""
    secrets, handoffs, tokens, codes = SEALED_KINDS
    accounts = session.scalars(select(Account.name).where(under(secrets, key_id)).order_by(Account.name)).all()
    sites = session.scalars(select(Site.name).where(under(handoffs, key_id)).order_by(Site.name)).all()
    is_explicit = Token.scope.contains("snsapi_userinfo")
    living = select(func.count()).where(under(tokens, key_id), Token.state == TokenState.ACTIVE)
    explicit = session.scalars(living.where(is_explicit)).one()
    silent = session.scalars(living.where(~is_explicit)).one()
    people = select(Staff.name).join(StaffTotp, StaffTotp.staff_id == Staff.id).where(under(codes, key_id))
    return Loss(accounts, sites, explicit, silent, session.scalars(people.order_by(Staff.name)).all())


def size(session: Session, kind: SealedKind) -> int:
    """How many rows of the kind there are."""
    return session.scalars(select(func.count()).select_from(kind.id.class_)).one()


def window(session: Session, kind: SealedKind, *, after: int, size: int) -> Window:
    """The next `size` rows by their ids."""
    last = select(kind.id).where(kind.id > after).order_by(kind.id).offset(size - 1).limit(1)
    return Window(after, session.scalar(last))


def not_under(session: Session, kind: SealedKind, key_id: str, window: Window) -> list[SealedRow]:
    """The rows of the window that have values sealed under other keys."""
    query = select(kind.id, *kind.values, *kind.known_by).where(within(kind, window), _elsewhere(kind, key_id))
    split = 1 + len(kind.values)
    return [SealedRow(row[0], tuple(row[1:split]), tuple(row[split:])) for row in session.execute(query)]


def within(kind: SealedKind, window: Window) -> ColumnElement[bool]:
    """Whether a row is one of the window's."""
    return kind.id > window.after if window.last is None else and_(kind.id > window.after, kind.id <= window.last)


def under(kind: SealedKind, key_id: str) -> ColumnElement[bool]:
    """Whether one of the row's values is sealed under the key."""
    return or_(*(_key(value) == bytes.fromhex(key_id) for value in kind.values))


def _elsewhere(kind: SealedKind, key_id: str) -> ColumnElement[bool]:
    # An empty value is sealed under no key; NULL is in no list.
    return or_(*(_key(value).not_in([bytes.fromhex(key_id), b""]) for value in kind.values))


def _key(value: InstrumentedAttribute[Any]) -> ColumnElement[bytes]:
    return func.substr(value, 1, ID_BYTES, type_=Sealed)


def _mend(what: str, process: Process, now: datetime) -> str:
    silent = round((now - process.seen_at).total_seconds())
    wait = f"{SERVES_UNTIL_SILENT.seconds // 60} minutes of silence"
    return f"{what} and restart it (if it was killed, seen {silent} s ago, wait for {wait})"
