"""勿扰名单: who is not to be contacted. A mark on a person, set and lifted by staff and by the servers of sites."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.i18n import msgid
from wxadmin.models import IS_KNOWN, IdKind, User, UserChannel
from wxadmin.models.user import LONGEST_WHY
from wxadmin.queries.registry import KnownSite
from wxadmin.services import audit
from wxadmin.services.batch import number_changes

# One person may have come with two OpenIDs, never with as many as this.
_MOST_OF_A_REF = 20
_LONGEST_ACTOR = 64


class RefOfMany(BadValue):
    """A site's own number came with so many people that it cannot mean one of them."""

    def __init__(self) -> None:
        super().__init__(f"more than {_MOST_OF_A_REF} people came with this ref: name the person by openid")


def mark(session: Session, user_id: int, *, blocked: bool, why: str = "", actor: str) -> bool:
    """Sets or lifts the mark of one person; whether that changed anything. Raises NoSuchUser and BadValue."""
    return _mark_each(session, [user_id], blocked=blocked, why=why, actor=actor)


def mark_by_site(session: Session, site: KnownSite, kind: IdKind, value: str, *, blocked: bool, why: str = "") -> bool:
    """The same as a site's server asks for it, of somebody of the site's account. Raises RefOfMany too."""
    found = session.scalars(_meant(site, kind, value).limit(_MOST_OF_A_REF + 1)).all()
    if len(found) > _MOST_OF_A_REF:
        raise RefOfMany
    return _mark_each(session, found, blocked=blocked, why=why, actor=f"site {site.name}"[:_LONGEST_ACTOR])


def mark_all(session: Session, user_ids: Collection[int], *, blocked: bool, actor: str, list_id: int) -> int:
    """The same for a portion of an uploaded list, with one entry in the audit log; returns how many were changed."""
    people = _locked(session, user_ids)
    changed = _marked(people, blocked=blocked, why=None, actor=actor)
    if changed:
        _put_on_record(session, actor, f"list {list_id}", blocked=blocked, people=len(changed))
        _number(session, changed)
    return len(changed)


def _mark_each(session: Session, user_ids: Collection[int], *, blocked: bool, why: str, actor: str) -> bool:
    reason, people = _checked(why), _locked(session, user_ids)
    if not people:
        raise NoSuchUser
    changed = _marked(people, blocked=blocked, why=reason, actor=actor)
    for user_id in changed:
        # Never why: it may say something of the person, and the log outlives them.
        _put_on_record(session, actor, f"user {user_id}", blocked=blocked)
    _number(session, changed)
    return bool(changed)


def _meant(site: KnownSite, kind: IdKind, value: str) -> Select[int]:
    """A reference is the site's own: another site may call somebody else by it."""
    of_account = select(User.id).where(User.account_id == site.account_id, IS_KNOWN)
    if kind is IdKind.OPENID:
        return of_account.where(User.openid == value)
    if kind is IdKind.UNIONID:
        return of_account.where(User.unionid == value)
    came = select(UserChannel.user_id).where(UserChannel.site_id == site.id, UserChannel.last_ref == value)
    return of_account.where(User.id.in_(came))


def _locked(session: Session, user_ids: Collection[int]) -> Sequence[User]:
    """In the order in which logins and erasures lock people."""
    query = select(User).where(User.id.in_(user_ids), IS_KNOWN).order_by(User.account_id, User.openid)
    return session.scalars(query.with_for_update()).all()


def _marked(people: Sequence[User], *, blocked: bool, why: str | None, actor: str) -> list[int]:
    """The ids of those whom it changed: who is marked already stays marked since then, and by whom."""
    now = utcnow()
    changed = [person for person in people if (person.blocked_at is not None) is not blocked]
    for person in changed:
        person.blocked_at, person.blocked_by, person.blocked_why = (now, actor, why) if blocked else (None, None, None)
    return [person.id for person in changed]


def _number(session: Session, changed: Collection[int]) -> None:
    """As the last statement: exports of what has changed go by these numbers, both ways."""
    session.flush()
    number_changes(session.connection(), changed)


def _put_on_record(session: Session, actor: str, subject: str, *, blocked: bool, **told: int) -> None:
    if blocked:
        audit.record(session, actor, "contact_blocked", subject, **told)
    else:
        audit.record(session, actor, "contact_allowed", subject, **told)


def _checked(why: str) -> str | None:
    said = " ".join(why.split())
    if len(said) > LONGEST_WHY or not said.isprintable():
        raise BadValue(msgid("the reason has at most %(longest)d characters"), field="why", longest=LONGEST_WHY)
    return said or None
