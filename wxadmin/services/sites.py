"""Business sites: added, changed, given new keys, switched off."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchSite, ReturnURLRefused
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Account, Origin, ReturnURL, Site
from wxadmin.security import return_urls
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import accounts, audit, house, names

HANDOFFS = ("ticket", "openid")


@dataclass(frozen=True, slots=True)
class SiteForm:
    """What a person says of a site; None leaves what is stored."""

    return_urls: Sequence[str] | None = None
    origins: Sequence[str] | None = None
    handoff: str | None = None
    page_code: bool | None = None
    dev: bool | None = None
    title: str | None = None
    contact: str | None = None


def add(session: Session, *, account: str, name: str, form: SiteForm, actor: str) -> str:
    """Adds a site and returns its API key, the only time it is seen. Raises NoSuchAccount, BadValue, Taken."""
    owner: Account = accounts.find(session, account)
    names.require_free(session, Site.name, names.slug(name))
    if form.return_urls is None:
        raise _no_return_url()
    key = _new_key()
    site = Site(
        id=draw_rare(),
        account_id=owner.id,
        name=name,
        title=name,
        key_hash=sha256(key),
        handoff="ticket",
        page_code=False,
        dev=False,
        created_at=utcnow(),
    )
    _fill(session, site, form)
    session.add(site)
    audit.record(session, actor, "site_added", name, account=account, return_urls=list(form.return_urls))
    house.settings_changed(session)
    return key


def find(session: Session, name: str) -> Site:
    """The site of this name. Raises NoSuchSite."""
    site = session.scalar(select(Site).where(Site.name == name).with_for_update())
    if site is None:
        raise NoSuchSite(name)
    return site


def change(session: Session, name: str, form: SiteForm, *, actor: str) -> None:
    """Changes what the form gives. Raises NoSuchSite, BadValue."""
    _fill(session, find(session, name), form)
    audit.record(session, actor, "site_changed", name, return_urls=form.return_urls, origins=form.origins)
    house.settings_changed(session)


def rotate_key(session: Session, name: str, grace: timedelta, *, actor: str) -> str:
    """Gives the site a new API key and returns it, the only time it is seen; the old one stops after the grace.
    Raises NoSuchSite."""
    site = find(session, name)
    key = _new_key()
    site.old_key_hash, site.old_key_until = site.key_hash, utcnow() + grace
    site.key_hash = sha256(key)
    audit.record(session, actor, "site_key_rotated", name, grace=grace)
    house.settings_changed(session)
    return key


def disable(session: Session, name: str, *, actor: str) -> None:
    """Switches the site off; nothing of it is deleted. Raises NoSuchSite."""
    find(session, name).disabled_at = utcnow()
    audit.record(session, actor, "site_disabled", name)
    house.settings_changed(session)


def _no_return_url() -> BadValue:
    text = msgid("a site needs at least one return URL: the address of the page that visitors come back to")
    return BadValue(text, field="return_urls")


def _new_key() -> str:
    return f"wxs_{random_text(40)}"


def _fill(session: Session, site: Site, form: SiteForm) -> None:
    for name in ("page_code", "dev"):
        if (value := getattr(form, name)) is not None:
            setattr(site, name, value)
    for column in (Site.title, Site.contact):
        if (value := getattr(form, column.key)) is not None:
            setattr(site, column.key, names.line(value, column))
    if form.handoff is not None:
        if form.handoff not in HANDOFFS:
            raise BadValue(msgid("the hand-off is one of %(choices)s"), field="handoff", choices=", ".join(HANDOFFS))
        site.handoff = form.handoff
    _fill_addresses(session, site, form)


def _fill_addresses(session: Session, site: Site, form: SiteForm) -> None:
    if form.return_urls is not None and not form.return_urls:
        raise _no_return_url()
    stored = [allowed.url for allowed in site.return_urls]
    # Those that are stored already are looked at again: the site may no longer be one for development.
    urls = [
        _checked_return_url(url, dev=site.dev) for url in (stored if form.return_urls is None else form.return_urls)
    ]
    origins = [_checked_origin(origin) for origin in form.origins or ()]
    if form.return_urls is not None:
        site.return_urls = []
    if form.origins is not None:
        site.origins = []
    # Within one flush new rows go before the old ones have left, which equal addresses would not survive.
    session.flush()
    if form.return_urls is not None:
        site.return_urls = [ReturnURL(id=draw_rare(), url=url) for url in dict.fromkeys(urls)]
    if form.origins is not None:
        site.origins = [Origin(id=draw_rare(), origin=origin) for origin in dict.fromkeys(origins)]


def _checked_return_url(url: str, *, dev: bool) -> str:
    try:
        address = return_urls.parse(url)
    except ReturnURLRefused as refused:
        text = msgid("%(url)r cannot be a return URL: %(why)s")
        raise BadValue(text, field="return_urls", url=url, why=refused) from None
    if "?" in url or "#" in url:
        text = msgid("%(url)r cannot be a return URL: leave out the query and the fragment, visitors may bring any")
        raise BadValue(text, field="return_urls", url=url)
    if not dev and _is_local(address.host):
        text = msgid("%(url)r is a local address: only a development site (--dev) may return there")
        raise BadValue(text, field="return_urls", url=url)
    return names.line(url, ReturnURL.url)


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host


def _checked_origin(origin: str) -> str:
    try:
        address = return_urls.parse(origin)
    except ReturnURLRefused as refused:
        raise BadValue(msgid("%(origin)r is no origin: %(why)s"), field="origins", origin=origin, why=refused) from None
    if re.search("[/?#]", origin.partition("://")[2]):
        text = msgid("%(origin)r is no origin: it is https:// and a host, with nothing after it")
        raise BadValue(text, field="origins", origin=origin)
    return names.line(address.origin, Origin.origin)
