"""Sites as lists and pages show them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from wxadmin.models import Account, Site


@dataclass(frozen=True, slots=True)
class SiteRow:
    name: str
    title: str
    account: str
    contact: str | None
    return_urls: list[str]
    origins: list[str]
    handoff: str
    page_code: bool
    dev: bool
    explain: bool
    privacy_url: str | None
    snapshot_guest: bool
    profile_required: bool
    has_handoff_key: bool
    old_key_until: datetime | None
    old_handoff_key_until: datetime | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def state(self) -> str:
        return "off" if self.disabled_at else "on"


def all_rows(session: Session, site_ids: Collection[int] | None = None, *, name: str | None = None) -> list[SiteRow]:
    """Every site by name; with `site_ids` only those of them, with `name` that one alone."""
    query = (
        select(Site, Account.name)
        .join(Account, Account.id == Site.account_id)
        .order_by(Site.name)
        .options(selectinload(Site.return_urls), selectinload(Site.origins))
    )
    if site_ids is not None:
        query = query.where(Site.id.in_(site_ids))
    if name is not None:
        query = query.where(Site.name == name)
    return [_row(site, account) for site, account in session.execute(query)]


def named(session: Session, name: str, site_ids: Collection[int] | None) -> SiteRow | None:
    """The site of this name, if it is among those that may be seen."""
    return next(iter(all_rows(session, site_ids, name=name)), None)


def names(session: Session) -> list[str]:
    """What every site is called."""
    return list(session.scalars(select(Site.name).order_by(Site.name)))


def _row(site: Site, account: str) -> SiteRow:
    return SiteRow(
        name=site.name,
        title=site.title,
        account=account,
        contact=site.contact,
        return_urls=[allowed.url for allowed in site.return_urls],
        origins=[allowed.origin for allowed in site.origins],
        handoff=site.handoff,
        page_code=site.page_code,
        dev=site.dev,
        explain=site.explain,
        privacy_url=site.privacy_url,
        snapshot_guest=site.snapshot_guest,
        profile_required=site.profile_required,
        has_handoff_key=site.handoff_key_sealed is not None,
        old_key_until=site.old_key_until,
        old_handoff_key_until=site.old_handoff_key_until,
        created_at=site.created_at,
        disabled_at=site.disabled_at,
    )
