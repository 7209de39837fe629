"""The ledger of passes, as pages and commands show it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxadmin.models import Node, RefreshPass, Trigger


@dataclass(frozen=True, slots=True)
class PassRow:
    """One pass; without an end it runs, or its process was killed: `seen_at` is when that was last heard of."""

    id: int
    node: int
    host: str | None
    pid: int | None
    seen_at: datetime | None
    trigger: Trigger
    actor: str | None
    started_at: datetime
    ended_at: datetime | None
    leased: int
    renewed: int
    overtaken: int
    given_back: int
    put_aside: int
    failures: Counter[str]


@dataclass(frozen=True, slots=True)
class PassPage:
    """Newest first; the ids to begin the neighbouring pages with."""

    rows: Sequence[PassRow]
    newer: int | None
    older: int | None


def page(session: Session, *, below: int | None = None, above: int | None = None, size: int = 50) -> PassPage:
    """The passes next below (older) or above (newer) an id, or the newest."""
    if above is not None:
        rows = _read(session, _PASSES.where(RefreshPass.id > above).order_by(RefreshPass.id).limit(size + 1))
        if len(rows) > size:
            shown = rows[size - 1 :: -1]
            return PassPage(shown, newer=shown[0].id, older=shown[-1].id)
        below = None
    rows = newest(session, limit=size + 1, before=below)
    shown = rows[:size]
    newer = (shown[0].id if shown else below - 1) if below is not None else None
    return PassPage(shown, newer=newer, older=shown[-1].id if len(rows) > size else None)


def newest(session: Session, *, limit: int = 20, before: int | None = None) -> Sequence[PassRow]:
    """The passes that began last, newest first; with `before`, those older than that pass."""
    query = _PASSES.order_by(RefreshPass.id.desc()).limit(limit)
    return _read(session, query if before is None else query.where(RefreshPass.id < before))


_PASSES = select(RefreshPass, Node).outerjoin(Node, Node.id == RefreshPass.node)


def _read(session: Session, query: Select[RefreshPass, Node]) -> Sequence[PassRow]:
    return [_row(made, process) for made, process in session.execute(query)]


def _row(made: RefreshPass, process: Node | None) -> PassRow:
    return PassRow(
        id=made.id,
        node=made.node,
        host=process.host if process else None,
        pid=process.pid if process else None,
        seen_at=process.seen_at if process and process.ended_at is None else None,
        trigger=Trigger(made.trigger),
        actor=made.actor,
        started_at=made.started_at,
        ended_at=made.ended_at,
        leased=made.leased,
        renewed=made.renewed,
        overtaken=made.overtaken,
        given_back=made.given_back,
        put_aside=made.put_aside,
        failures=Counter(made.failures),
    )
