"""Accounts and sites as the gateway needs them for each request: one immutable picture of all that are switched on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from wxadmin.errors import ReturnURLRefused
from wxadmin.log import logger
from wxadmin.models import Account, Counter, Site
from wxadmin.security import return_urls
from wxadmin.security.return_urls import ReturnAddress


@dataclass(frozen=True, slots=True)
class KnownAccount:
    id: int
    name: str
    title: str
    appid: str
    secret_sealed: bytes | None
    verify_name: str | None
    verify_body: str | None


@dataclass(frozen=True, slots=True)
class KnownSite:
    id: int
    name: str
    title: str
    contact: str | None
    account_id: int
    handoff: str
    page_code: bool
    dev: bool
    explain: bool
    privacy_url: str | None
    snapshot_guest: bool
    profile_required: bool
    return_addresses: tuple[ReturnAddress, ...]
    origins: tuple[str, ...]
    key_hash: bytes
    old_key_hash: bytes | None
    old_key_until: datetime | None
    handoff_key_sealed: bytes | None
    old_handoff_key_sealed: bytes | None
    old_handoff_key_until: datetime | None

    def signing_key_sealed(self, now: datetime) -> bytes | None:
        """The hand-off key that signs: the old one while its grace runs. None where the hand-off is not signed."""
        if self.handoff != "openid":
            return None
        is_in_grace = self.old_handoff_key_until is not None and now < self.old_handoff_key_until
        return self.old_handoff_key_sealed if is_in_grace else self.handoff_key_sealed


@dataclass(frozen=True, slots=True)
class Registry:
    """The picture, and the version of the settings that it was taken of."""

    version: int
    accounts: Sequence[KnownAccount]
    sites: Sequence[KnownSite]

    def account(self, account_id: int) -> KnownAccount | None:
        return next((account for account in self.accounts if account.id == account_id), None)

    def account_named(self, name: str) -> KnownAccount | None:
        return next((account for account in self.accounts if account.name == name), None)

    def site(self, site_id: int) -> KnownSite | None:
        return next((site for site in self.sites if site.id == site_id), None)

    def site_for(self, account: KnownAccount, address: ReturnAddress) -> KnownSite | None:
        """The account's site that may be returned to at this address; the longest allowed path wins."""
        fitting = [
            (len(allowed.path), site)
            for site in self.sites
            if site.account_id == account.id
            for allowed in site.return_addresses
            if return_urls.allows(allowed, address)
        ]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def site_of_origin(self, origin: str, account: KnownAccount | None) -> KnownSite | None:
        """The site whose pages, being of this origin, may bring a code themselves; of the account, where one is
        named. None too where sites of several accounts share the origin: only the page can say whose code it has."""
        found = [
            site
            for site in self.sites
            if site.page_code and origin in site.origins and account in {None, self.account(site.account_id)}
        ]
        return found[0] if len({site.account_id for site in found}) == 1 else None

    def site_of_key(self, key_hash: bytes, now: datetime) -> KnownSite | None:
        """The site whose API key this is, the old one included while its grace runs."""
        for site in self.sites:
            if key_hash == site.key_hash:
                return site
            if key_hash == site.old_key_hash and site.old_key_until is not None and now < site.old_key_until:
                return site
        return None

    def site_of_ended_key(self, key_hash: bytes) -> KnownSite | None:
        """The site whose API key this was before it was rotated, whether or not the grace is over."""
        return next((site for site in self.sites if key_hash == site.old_key_hash), None)


def version(session: Session) -> int:
    """Goes up whenever an account or a site is changed, by whichever process."""
    return session.scalars(select(Counter.value).where(Counter.name == "registry")).one()


def load(session: Session) -> Registry:
    """The picture as of now, switched-off accounts and sites left out."""
    current = version(session)
    accounts = session.scalars(select(Account).where(Account.disabled_at.is_(None)).order_by(Account.name)).all()
    on = {account.id for account in accounts}
    sites = session.scalars(
        select(Site)
        .where(Site.disabled_at.is_(None))
        .order_by(Site.name)
        .options(selectinload(Site.return_urls), selectinload(Site.origins))
    )
    return Registry(
        current,
        [_known_account(account) for account in accounts],
        [_known_site(s) for s in sites if s.account_id in on],
    )


def _known_account(account: Account) -> KnownAccount:
    return KnownAccount(
        account.id,
        account.name,
        account.title,
        account.appid,
        account.secret_sealed,
        account.verify_name,
        account.verify_body,
    )


def _still_good(site: Site) -> Iterator[ReturnAddress]:
    """The addresses that today's rules take: one stored under older rules must not stop every login."""
    for allowed in site.return_urls:
        try:
            yield return_urls.parse(allowed.url)
        except ReturnURLRefused as refused:
            logger.error("return_url_ignored", site=site.name, url=allowed.url, reason=str(refused))


def _known_site(site: Site) -> KnownSite:
    return KnownSite(
        id=site.id,
        name=site.name,
        title=site.title,
        contact=site.contact,
        account_id=site.account_id,
        handoff=site.handoff,
        page_code=site.page_code,
        dev=site.dev,
        explain=site.explain,
        privacy_url=site.privacy_url,
        snapshot_guest=site.snapshot_guest,
        profile_required=site.profile_required,
        return_addresses=tuple(_still_good(site)),
        origins=tuple(allowed.origin for allowed in site.origins),
        key_hash=site.key_hash,
        old_key_hash=site.old_key_hash,
        old_key_until=site.old_key_until,
        handoff_key_sealed=site.handoff_key_sealed,
        old_handoff_key_sealed=site.old_handoff_key_sealed,
        old_handoff_key_until=site.old_handoff_key_until,
    )
