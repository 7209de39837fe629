"""Lists that staff upload (上传名单): stored and deleted portion by portion, so that no login waits for all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.sets import SetInsert
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare, first_id_at
from wxadmin.models import Account, IdKind, UploadedList, UploadedValue
from wxadmin.models.uploaded import LONGEST_NAME
from wxadmin.queries import uploaded
from wxadmin.queries.uploaded import Matched
from wxadmin.services import audit, names
from wxadmin.services.uploaded_lines import Lines, Values, sampled

KEPT = timedelta(days=90)
AT_A_TIME = 1_000
# What is not whole by then never will be: its process ended.
_STORED_WITHIN = timedelta(hours=1)
_LINES_TOLD = 20


def kind_of(session: Session, lines: Lines, *, chosen: str, account: str) -> IdKind:
    """The kind that was chosen; else the one of the heading, or that of the people who are known by such ids. Raises
    BadValue and NoSuchAccount."""
    account_id = _account_id(session, account)
    if chosen:
        if chosen not in set(IdKind):
            raise BadValue(msgid("choose what the list holds"), field="kind")
        return IdKind(chosen)
    found = lines.heading or uploaded.recognised(session, sampled(lines.lines), account_id)
    if found is None:
        raise BadValue(msgid("nobody is known by the first of these: choose what the list holds"), field="kind")
    return found


def begin(session: Session, name: str, kind: IdKind, values: Values, *, account: str, actor: str) -> int:
    """A list that nobody sees before it is whole; returns its id. Raises BadValue, Taken and NoSuchAccount."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadValue(msgid("a name has from 1 to %(longest)d characters"), field="name", longest=LONGEST_NAME)
    names.require_free(session, UploadedList.name, name)
    now = utcnow()
    one = UploadedList(
        id=draw_rare(),
        name=name,
        account_id=_account_id(session, account),
        kind=kind,
        made_at=now,
        made_by=actor,
        held=len(values.values),
        repeated=values.repeated,
        unreadable=len(values.unreadable),
        unreadable_lines=values.unreadable[:_LINES_TOLD],
        kept_until=now + KEPT,
    )
    session.add(one)
    return one.id


def portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + AT_A_TIME] for at in range(0, len(values), AT_A_TIME))


def store(session: Session, list_id: int, values: Sequence[str]) -> None:
    """One portion. Raises NoSuchList where it was deleted meanwhile."""
    if session.get(UploadedList, list_id) is None:
        raise NoSuchList
    _VALUES.execute(session.connection(), [{"list_id": list_id, "value": value} for value in values])


_VALUES = SetInsert(UploadedValue)


def ready(session: Session, list_id: int, *, actor: str) -> None:
    """All values are stored: it can be used from now on. Raises NoSuchList."""
    one = session.get(UploadedList, list_id)
    if one is None:
        raise NoSuchList
    one.ready_at = utcnow()
    audit.record(session, actor, "list_uploaded", f"list {list_id}", kind=one.kind, values=one.held)


def note_matched(session: Session, list_id: int, matched: Matched) -> None:
    """How many of its values are known as of now."""
    values = {"found": matched.found, "elsewhere": matched.elsewhere, "matched_at": utcnow()}
    session.execute(update(UploadedList).where(UploadedList.id == list_id).values(values))


def withdraw(session: Session, list_id: int, *, actor: str) -> None:
    """Nobody sees it any more; its values are to be deleted next. Raises NoSuchList."""
    one = uploaded.find(session, list_id)
    one.ready_at, one.kept_until = None, utcnow()
    audit.record(session, actor, "list_deleted", f"list {list_id}", kind=one.kind, values=one.held)


def expired(session: Session) -> Sequence[int]:
    """Lists whose time is up, and those that were never whole, which nobody sees from now on."""
    now = utcnow()
    was_never_whole = and_(UploadedList.ready_at.is_(None), UploadedList.id < first_id_at(now - _STORED_WITHIN))
    found = session.scalars(select(UploadedList.id).where(or_(UploadedList.kept_until <= now, was_never_whole))).all()
    session.execute(update(UploadedList).where(UploadedList.id.in_(found)).values(ready_at=None))
    return found


def delete_some(session: Session, list_id: int) -> bool:
    """Deletes a portion of a withdrawn list's values, and with the last one the list; whether there is more to do."""
    some = select(UploadedValue.value).where(UploadedValue.list_id == list_id).order_by(UploadedValue.value)
    values = session.scalars(some.limit(AT_A_TIME)).all()
    if len(values) < AT_A_TIME:
        session.execute(delete(UploadedList).where(UploadedList.id == list_id))
        return False
    session.execute(delete(UploadedValue).where(UploadedValue.list_id == list_id, UploadedValue.value <= values[-1]))
    return True


def forget(session: Session, known: Mapping[IdKind, Collection[str]], account_id: int) -> int:
    """Takes somebody's ids out of every list, and off its number; returns how many values that were. A reference is
    theirs at their account alone."""
    taken = 0
    for kind, values in known.items():
        lists = select(UploadedList).where(UploadedList.kind == kind)
        if kind is IdKind.REF:
            lists = lists.where(UploadedList.account_id == account_id)
        for one in session.scalars(lists):
            theirs = delete(UploadedValue).where(UploadedValue.list_id == one.id, UploadedValue.value.in_(values))
            number = session.execute(theirs).rowcount  # type: ignore[attr-defined]
            one.held = UploadedList.held - number
            taken += number
    return taken


def _account_id(session: Session, name: str) -> int:
    account_id = session.scalar(select(Account.id).where(Account.name == name))
    if account_id is None:
        raise NoSuchAccount(name)
    return account_id
