"""“删除个人信息”: one person's row becomes a tombstone, and what could tell whose it was goes from every table.

Counts stay right, since nothing that is counted is deleted: docs/decisions/0007-forgetting-leaves-a-tombstone.md says
of each table what goes, what stays and why. WeChat has no call that revokes a web authorization's tokens: they are
deleted here, and end by themselves.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.database.sets import SetUpdate
from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import (
    BLOCK,
    Attempt,
    AttemptNote,
    AuditEntry,
    Erasure,
    ErasureReason,
    IdKind,
    Reveal,
    Ticket,
    Token,
    User,
    UserChannel,
)
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import audit, past_exports, uploads
from wxadmin.services.batch import number_changes

LONGEST_NOTE = 200
ALIAS = "forgotten-"
_SAW = ("revealed", "personal_data_copied")
_AT_A_TIME = 500
_PERSONAL = (
    *("unionid", "nickname", "headimgurl", "language", "profile_at", "explicit_at", "last_channel", "last_ref"),
    *BLOCK,
)


def forget(session: Session, user_id: int, *, reason: str, actor: str, note: str = "") -> Erasure:
    """Forgets one user, and returns the receipt. Raises NoSuchUser, of whoever has been forgotten too, and BadValue."""
    [receipt] = forget_all(session, [user_id], reason=reason, actor=actor, note=note)
    return receipt


def forget_all(
    session: Session, user_ids: Collection[int], *, reason: str, actor: str, note: str = ""
) -> Sequence[Erasure]:
    """Forgets them all or none, as where somebody has an OpenID at several accounts: a receipt for each."""
    if reason not in set(ErasureReason):
        raise BadValue(msgid("choose a reason"), field="reason")
    # Redemptions lock their ticket first, and then the person.
    session.execute(_tickets(user_ids).with_for_update()).all()
    people = session.scalars(
        select(User).where(User.id.in_(user_ids)).order_by(User.account_id, User.openid).with_for_update()
    )
    known = {person.id: person for person in people if person.forgotten_at is None}
    for user_id in user_ids:
        if user_id not in known:
            raise NoSuchUser
    kept = _checked(note, reason, list(known.values()))
    receipts = [_forget(session, person, reason=reason, note=kept, actor=actor) for person in known.values()]
    session.flush()
    number_changes(session.connection(), known.keys())
    return receipts


def _forget(session: Session, person: User, *, reason: str, note: str | None, actor: str) -> Erasure:
    now = utcnow()
    exports = past_exports.withdraw(session, person, until=now)
    rows = Counter[str]()
    rows["audit_entry"] = _cut_words(session, person)
    # Before their references go, by which they may stand in lists.
    rows["uploaded_value"] = uploads.forget(session, _ids(session, person), person.account_id)
    for name, statement in _of_person(person.id):
        rows[name] += session.execute(statement).rowcount  # type: ignore[attr-defined]
    for attempts in _attempts(session, person.id):
        ids = [row["id"] for row in attempts]
        notes = delete(AttemptNote).where(AttemptNote.attempt_id.in_(ids))
        rows["attempt_note"] += session.execute(notes).rowcount  # type: ignore[attr-defined]
        session.execute(delete(Reveal).where(Reveal.subject_id.in_(ids)))
        _ATTEMPTS.execute(session.connection(), attempts)
        rows["attempt"] += len(attempts)
    _bury(person, now)
    rows["user"] += 1
    audit.record(
        session, actor, "personal_data_deleted", f"user {person.id}", reason=reason, note=note, rows=rows.total()
    )
    receipt = Erasure(
        id=draw_rare(),
        user_id=person.id,
        account_id=person.account_id,
        at=now,
        actor=actor,
        reason=reason,
        note=note,
        rows={name: number for name, number in sorted(rows.items()) if number},
        exports=[one.told() for one in exports.newest],
        exports_total=exports.total,
    )
    session.add(receipt)
    return receipt


def _bury(person: User, now: datetime) -> None:
    """No openid looks like the alias, so that the person's next login is a new user's."""
    for column in _PERSONAL:
        setattr(person, column, None)
    person.openid = ALIAS + random_text(32)
    person.forgotten_at = now


def _ids(session: Session, person: User) -> dict[IdKind, list[str]]:
    """By what uploaded lists may hold them."""
    came_as = session.scalars(select(UserChannel.last_ref).where(UserChannel.user_id == person.id).distinct())
    refs = {ref for ref in (person.last_ref, *came_as) if ref}
    unionids = [person.unionid] if person.unionid else []
    return {IdKind.OPENID: [person.openid], IdKind.UNIONID: unionids, IdKind.REF: sorted(refs)}


def _of_person(user_id: int) -> Iterator[tuple[str, Delete | Update]]:
    yield "token", delete(Token).where(Token.user_id == user_id)
    # Those that were redeemed too: the same answer would be given again within a minute.
    yield "ticket", delete(Ticket).where(Ticket.ticket_hash.in_(_tickets([user_id])))
    referred = UserChannel.user_id == user_id, UserChannel.last_ref.is_not(None)
    yield "user_channel", update(UserChannel).where(*referred).values(last_ref=None)
    yield "reveal", delete(Reveal).where(Reveal.subject_id == user_id)


def _tickets(user_ids: Collection[int]) -> Any:
    attempts = select(Attempt.id).where(Attempt.user_id.in_(user_ids))
    return select(Ticket.ticket_hash).where(Ticket.attempt_id.in_(attempts)).order_by(Ticket.ticket_hash)


def _attempts(session: Session, user_id: int) -> Iterator[list[dict[str, Any]]]:
    """What the person's logins become, some hundred at a time. Hashes are replaced by others rather than taken away:
    they say of which kind the attempt was, and an address that was used for it leads to nobody any more."""
    columns = (Attempt.id, Attempt.return_url, Attempt.state_hash, Attempt.cookie_hash, Attempt.code_hash)
    after = -1
    while True:
        query = select(*columns).where(Attempt.user_id == user_id, Attempt.id > after).order_by(Attempt.id)
        found = session.execute(query.limit(_AT_A_TIME).with_for_update()).all()
        if not found:
            return
        yield [
            {
                "id": row.id,
                "return_url": _origin(row.return_url),
                "state_hash": _another(row.state_hash),
                "cookie_hash": _another(row.cookie_hash),
                "code_hash": _another(row.code_hash),
                "ip": None,
                "ref": None,
                "nonce": None,
            }
            for row in found
        ]
        after = found[-1].id


_ATTEMPTS = SetUpdate(
    Attempt, ["return_url", "state_hash", "cookie_hash", "code_hash", "ip", "ref", "nonce"], key=["id"]
)


def _another(stored: bytes | None) -> bytes | None:
    return sha256(random_text(32)) if stored is not None else None


def _origin(return_url: str | None) -> str | None:
    """The site's own part: paths and queries may name an order, or the person."""
    if return_url is None:
        return None
    parts = urlsplit(return_url)
    return f"{parts.scheme}://{parts.netloc}/"


def _cut_words(session: Session, person: User) -> int:
    """Takes the free words away which staff gave as their reason for seeing the person: who looked, when and for which
    of the listed reasons stays on record."""
    codes = session.scalars(select(Attempt.support_code).where(Attempt.user_id == person.id))
    about = {f"user {person.id}", *(f"attempt {support_codes.show(code)}" for code in codes)}
    seen = select(AuditEntry).where(AuditEntry.at >= person.first_seen_at, AuditEntry.action.in_(_SAW))
    cut = 0
    for entry in session.scalars(seen):
        told = json.loads(entry.details or "{}")
        if entry.subject in about and told.get("note"):
            entry.details = json.dumps(told | {"note": None}, ensure_ascii=False)
            cut += 1
    return cut


def _checked(note: str, reason: str, people: Sequence[User]) -> str | None:
    """The note as the receipt and the audit log keep it, which is for longer than anything else."""
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadValue(msgid("the note has at most %(longest)d characters"), field="note", longest=LONGEST_NOTE)
    if reason == ErasureReason.OTHER and not note:
        raise BadValue(msgid("say in the note what the reason is"), field="note")
    for person in people:
        for known in (person.openid, person.unionid, person.nickname, person.last_ref):
            # Of a name of one sign every other sentence would be refused.
            if known and len(known) > 1 and known.casefold() in note.casefold():
                raise BadValue(msgid("the note outlives the data: it must not name the person"), field="note")
    return note or None
