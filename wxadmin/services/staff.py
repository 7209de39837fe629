"""People of the dashboard: added, switched off, given new passwords."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchStaff
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Role, Staff, StaffKey, StaffSession
from wxadmin.queries.staff import Identity
from wxadmin.security.hashes import hash_password
from wxadmin.services import audit, names, sites, totp

SHORTEST_PASSWORD = 10


def add(session: Session, *, name: str, role: str, password: str, site_names: Sequence[str] = (), actor: str) -> Staff:
    """Adds a person. Raises BadValue, Taken, NoSuchSite."""
    names.require_free(session, Staff.name, names.slug(name))
    if role not in set(Role):
        raise BadValue(msgid("the role is one of %(choices)s"), field="role", choices=", ".join(Role))
    _require_sites_of_a_developer(role, site_names)
    person = Staff(
        id=draw_rare(),
        name=name,
        role=role,
        password_hash=_hashed(password),
        created_at=utcnow(),
        sites=[sites.find(session, site) for site in site_names],
    )
    session.add(person)
    audit.record(session, actor, "staff_added", name, role=role, sites=list(site_names))
    return person


def find(session: Session, name: str) -> Staff:
    """The person of this name. Raises NoSuchStaff."""
    person = session.scalar(select(Staff).where(Staff.name == name).with_for_update())
    if person is None:
        raise NoSuchStaff(name)
    return person


def change_sites(session: Session, name: str, site_names: Sequence[str], *, actor: str) -> None:
    """Lets a developer see these sites in place of the ones before, from their next page on. Raises NoSuchStaff,
    NoSuchSite, BadValue."""
    person = find(session, name)
    _require_sites_of_a_developer(person.role, site_names)
    person.sites = [sites.find(session, site) for site in sorted(set(site_names))]
    audit.record(session, actor, "staff_sites_changed", name, sites=[site.name for site in person.sites])


def add_site(session: Session, name: str, site_name: str, *, actor: str) -> None:
    """Lets a developer see one site more. Raises NoSuchStaff, NoSuchSite, BadValue."""
    before = [site.name for site in find(session, name).sites]
    change_sites(session, name, [*before, site_name], actor=actor)


def demand_code(session: Session, name: str, *, is_demanded: bool, actor: str) -> None:
    """Wants a two-step code of the person from their next page on, or no longer. Raises NoSuchStaff."""
    person = find(session, name)
    if is_demanded == (person.two_step_demanded_at is not None):
        return
    person.two_step_demanded_at = utcnow() if is_demanded else None
    if is_demanded:
        audit.record(session, actor, "two_step_demanded", name)
    else:
        audit.record(session, actor, "two_step_left_open", name)


def choose_password(session: Session, owner: Identity, password: str, *, kept: bytes, field: str) -> None:
    """Gives people the password that they have chosen, and ends their sessions but the one `kept`, a token's hash; the
    keys of their scripts go on. Raises BadValue, about that `field` of a form."""
    find(session, owner.name).password_hash = _hashed(password, field)
    others = StaffSession.staff_id == owner.id, StaffSession.token_hash != kept
    session.execute(delete(StaffSession).where(*others))
    audit.record(session, owner.name, "own_password_changed", owner.name)


def disable(session: Session, name: str, *, actor: str) -> None:
    """Switches the person off, ends their sessions and revokes their keys at once. Raises NoSuchStaff, BadValue."""
    person = find(session, name)
    if name == actor:
        # So that one administrator always remains.
        raise BadValue(msgid("nobody can switch themselves off: ask another administrator"))
    person.disabled_at = utcnow()
    _shut_out(session, person)
    audit.record(session, actor, "staff_disabled", name)


def reset(session: Session, name: str, password: str, *, actor: str) -> None:
    """Gives the person a new password, switches them on, ends their sessions, revokes their keys, and asks for two-step
    codes no longer: whoever has lost the phone switches them on anew. Raises NoSuchStaff, BadValue."""
    person = find(session, name)
    person.password_hash, person.disabled_at = _hashed(password), None
    _shut_out(session, person)
    told = {"two_step_off": True} if totp.forget(session, person.id) else {}
    audit.record(session, actor, "staff_password_reset", name, **told)


def _require_sites_of_a_developer(role: str, site_names: Sequence[str]) -> None:
    if (role == Role.DEVELOPER) != bool(site_names):
        text = msgid("a developer needs at least one --site, and only a developer has any")
        raise BadValue(text, field="sites")


def _shut_out(session: Session, person: Staff) -> None:
    session.execute(delete(StaffSession).where(StaffSession.staff_id == person.id))
    session.execute(delete(StaffKey).where(StaffKey.staff_id == person.id))


def _hashed(password: str, field: str = "password") -> str:
    if len(password) < SHORTEST_PASSWORD:
        text = msgid("a password has at least %(least)d characters")
        raise BadValue(text, field=field, least=SHORTEST_PASSWORD)
    return hash_password(password)
