"""The second step of a sign-in: its secret is made, confirmed by a code, asked for, and given up."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, SealBroken
from wxadmin.i18n import msgid
from wxadmin.models import StaffTotp
from wxadmin.models.sealed import totp_bound_to
from wxadmin.queries.staff import Identity
from wxadmin.security import totp
from wxadmin.security.keys import KeyRing
from wxadmin.services import audit, house

# Whoever walks away from the page begins anew.
PENDING = timedelta(minutes=15)
_WRONG = msgid(
    "this code does not fit, or was used before: wait for the app's next one; does the phone's clock go right?"
)


def begin(session: Session, keys: KeyRing, owner: Identity) -> None:
    """Makes a secret, which is not asked for before it is confirmed. Raises BadValue."""
    kept = session.get(StaffTotp, owner.id, with_for_update=True)
    if kept is not None and kept.confirmed_at is not None:
        raise BadValue(msgid("two-step sign-in is on already"))
    house.keep_keys(session.connection(), {keys.sealing_id})
    sealed = keys.seal(totp.new_secret(), totp_bound_to(owner.id))
    session.merge(StaffTotp(staff_id=owner.id, secret_sealed=sealed, made_at=utcnow(), last_step=None))


def pending(session: Session, keys: KeyRing, staff_id: int) -> str | None:
    """The secret that waits to be confirmed."""
    kept = session.get(StaffTotp, staff_id)
    if kept is None or kept.confirmed_at is not None or utcnow() - kept.made_at > PENDING:
        return None
    return _secret(keys, kept)


def confirm(session: Session, keys: KeyRing, owner: Identity, code: str) -> None:
    """Switches the second step on, by a code of the app. Raises BadValue."""
    if pending(session, keys, owner.id) is None:
        raise BadValue(msgid("this took too long: begin anew"))
    if not take(session, keys, owner.id, code):
        raise BadValue(_WRONG, field="code")
    session.execute(update(StaffTotp).where(StaffTotp.staff_id == owner.id).values(confirmed_at=utcnow()))
    audit.record(session, owner.name, "two_step_on", owner.name)


def switch_off(session: Session, keys: KeyRing, owner: Identity, code: str) -> None:
    """Asks for codes no longer. Raises BadValue."""
    if not take(session, keys, owner.id, code):
        raise BadValue(_WRONG, field="code")
    forget(session, owner.id)
    audit.record(session, owner.name, "two_step_off", owner.name)


def forget(session: Session, staff_id: int) -> bool:
    """Does away with the secret; says whether codes were asked for."""
    gone = delete(StaffTotp).where(StaffTotp.staff_id == staff_id).returning(StaffTotp.confirmed_at)
    return session.scalar(gone) is not None


def take(session: Session, keys: KeyRing, staff_id: int, code: str, *, now: datetime | None = None) -> bool:
    """Whether the code fits; it does so once, whoever brings it, and none that is older than it ever after."""
    kept = session.get(StaffTotp, staff_id)
    secret = _secret(keys, kept) if kept else None
    step = totp.step_of(secret, code, now or utcnow()) if secret else None
    if step is None:
        return False
    is_newer = or_(StaffTotp.last_step.is_(None), StaffTotp.last_step < step)
    taken = update(StaffTotp).where(StaffTotp.staff_id == staff_id, is_newer).values(last_step=step)
    return session.scalar(taken.returning(StaffTotp.staff_id)) is not None


def _secret(keys: KeyRing, kept: StaffTotp) -> str | None:
    """None where it was given up with the key that it was sealed under."""
    try:
        return keys.open(kept.secret_sealed, totp_bound_to(kept.staff_id))
    except SealBroken:
        return None
