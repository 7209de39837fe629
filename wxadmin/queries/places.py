"""The accounts and sites that lists can be narrowed to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Account, Site


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is what the query string calls it, `title` what people do."""

    id: int
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Places:
    """Those that are switched off included: what they did is still listed."""

    accounts: Sequence[Place]
    sites: Sequence[Place]


def all_places(session: Session, *, among: frozenset[int] | None) -> Places:
    """Accounts and sites by title; for whoever is confined to some sites, those, and the accounts that have them."""
    sites = select(Site.id, Site.name, Site.title).order_by(Site.title, Site.name)
    accounts = select(Account.id, Account.name, Account.title).order_by(Account.title, Account.name)
    if among is not None:
        sites = sites.where(Site.id.in_(among))
        accounts = accounts.where(Account.id.in_(select(Site.account_id).where(Site.id.in_(among))))
    return Places(*([Place(*row) for row in session.execute(query)] for query in (accounts, sites)))
