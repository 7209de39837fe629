"""Sites as lists show them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from wxadmin.models import Account, Site


@dataclass(frozen=True, slots=True)
class SiteRow:
    name: str
    account: str
    return_urls: list[str]
    handoff: str
    dev: bool
    state: str


def all_rows(session: Session) -> list[SiteRow]:
    """Every site, by name."""
    query = (
        select(Site, Account.name)
        .join(Account, Account.id == Site.account_id)
        .order_by(Site.name)
        .options(selectinload(Site.return_urls))
    )
    return [
        SiteRow(
            name=site.name,
            account=account,
            return_urls=[allowed.url for allowed in site.return_urls],
            handoff=site.handoff,
            dev=site.dev,
            state="off" if site.disabled_at else "on",
        )
        for site, account in session.execute(query)
    ]
