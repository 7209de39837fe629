"""A new site together with the developers who may see it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from wxadmin.security.keys import KeyRing
from wxadmin.services import sites, staff
from wxadmin.services.sites import NewKeys, SiteForm


def add_site(
    session: Session,
    keys: KeyRing,
    *,
    account: str,
    name: str,
    form: SiteForm,
    developers: Sequence[str],
    actor: str,
) -> NewKeys:
    """Adds a site that these people of the staff may see, and returns its keys; neither is done without the other.
    Raises NoSuchAccount, BadValue, Taken, NoSuchStaff."""
    made = sites.add(session, keys, account=account, name=name, form=form, actor=actor)
    session.flush()
    for developer in developers:
        staff.add_site(session, developer, name, actor=actor)
    return made
