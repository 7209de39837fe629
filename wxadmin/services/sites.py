"""Business sites: added, changed, given new keys, switched off and on."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchSite, ReturnURLRefused
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Account, Origin, ReturnURL, Site
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.security import return_urls
from wxadmin.security.hashes import random_text, sha256
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, audit, house, names

HANDOFFS = ("ticket", "openid")
_SWITCHES = ("page_code", "dev", "explain", "snapshot_guest", "profile_required")


@dataclass(frozen=True, slots=True)
class SiteForm:
    """What a person says of a site; None leaves what is stored. An empty privacy URL takes the stored one away."""

    return_urls: Sequence[str] | None = None
    origins: Sequence[str] | None = None
    handoff: str | None = None
    page_code: bool | None = None
    dev: bool | None = None
    title: str | None = None
    contact: str | None = None
    explain: bool | None = None
    privacy_url: str | None = None
    snapshot_guest: bool | None = None
    profile_required: bool | None = None


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The keys of a new site, the only time they are seen; the hand-off key where its hand-off has one."""

    api_key: str = field(repr=False)
    handoff_key: str | None = field(repr=False)


def add(session: Session, keys: KeyRing, *, account: str, name: str, form: SiteForm, actor: str) -> NewKeys:
    """Adds a site and returns its keys. Raises NoSuchAccount, BadValue, Taken."""
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
        **dict.fromkeys(_SWITCHES, False),
        created_at=utcnow(),
    )
    changed = _fill(session, site, form)
    session.add(site)
    audit.record(session, actor, "site_added", name, account=account, return_urls=list(form.return_urls), **changed)
    handoff_key = _missing_handoff_key(session, keys, site, actor=actor)
    house.settings_changed(session)
    return NewKeys(key, handoff_key)


def find(session: Session, name: str) -> Site:
    """The site of this name. Raises NoSuchSite."""
    site = session.scalar(select(Site).where(Site.name == name).with_for_update())
    if site is None:
        raise NoSuchSite(name)
    return site


def change(session: Session, keys: KeyRing, name: str, form: SiteForm, *, actor: str) -> str | None:
    """Changes what the form gives. Returns the hand-off key where the change made one, the only time it is seen.
    Raises NoSuchSite, BadValue."""
    site = find(session, name)
    changed = _fill(session, site, form)
    audit.record(session, actor, "site_changed", name, return_urls=form.return_urls, origins=form.origins, **changed)
    handoff_key = _missing_handoff_key(session, keys, site, actor=actor)
    house.settings_changed(session)
    return handoff_key


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


def rotate_handoff_key(session: Session, keys: KeyRing, name: str, grace: timedelta, *, actor: str) -> str:
    """Makes a new hand-off key and returns it, the only time it is seen. The one that signs now goes on to until the
    grace ends, so that the site can get to know the new one before it is used. Raises NoSuchSite, BadValue."""
    site, now = find(session, name), utcnow()
    if site.handoff_key_sealed is None:
        text = msgid("the site has no hand-off key yet: hand-off openid makes one")
        raise BadValue(text, field="handoff")
    if site.old_handoff_key_until is None or site.old_handoff_key_until <= now:
        site.old_handoff_key_sealed = site.handoff_key_sealed
    site.old_handoff_key_until = now + grace
    key = _new_handoff_key(session, keys, site)
    audit.record(session, actor, "site_handoff_key_rotated", name, grace=grace)
    house.settings_changed(session)
    return key


def disable(session: Session, name: str, *, actor: str) -> None:
    """Switches the site off; nothing of it is deleted. Raises NoSuchSite."""
    find(session, name).disabled_at = utcnow()
    audit.record(session, actor, "site_disabled", name)
    house.settings_changed(session)


def enable(session: Session, name: str, *, actor: str) -> None:
    """Switches the site on again, with the key that it had. Raises NoSuchSite."""
    find(session, name).disabled_at = None
    audit.record(session, actor, "site_enabled", name)
    house.settings_changed(session)


def _no_return_url() -> BadValue:
    text = msgid("a site needs at least one return URL: the address of the page that visitors come back to")
    return BadValue(text, field="return_urls")


def _new_key() -> str:
    return f"wxs_{random_text(40)}"


def _missing_handoff_key(session: Session, keys: KeyRing, site: Site, *, actor: str) -> str | None:
    """The key that hand-off `openid` needs, where the site has none. It stays when the hand-off is another again."""
    if site.handoff != "openid" or site.handoff_key_sealed is not None:
        return None
    audit.record(session, actor, "site_handoff_key_made", site.name)
    return _new_handoff_key(session, keys, site)


def _new_handoff_key(session: Session, keys: KeyRing, site: Site) -> str:
    key = f"wxh_{random_text(40)}"
    house.keep_keys(session.connection(), {keys.sealing_id})
    site.handoff_key_sealed = keys.seal(key, handoff_key_bound_to(site.name))
    return key


def _fill(session: Session, site: Site, form: SiteForm) -> dict[str, Any]:
    """Stores what the form gives; returns what of it is no longer as it was, addresses apart."""
    given = {name: value for name in _SWITCHES if (value := getattr(form, name)) is not None}
    for column in (Site.title, Site.contact):
        if (value := getattr(form, column.key)) is not None:
            given[column.key] = names.line(value, column)
    if form.handoff is not None:
        given["handoff"] = _checked_handoff(form.handoff)
    if form.privacy_url is not None:
        given["privacy_url"] = _checked_privacy_url(form.privacy_url) if form.privacy_url else None
    changed = {name: value for name, value in given.items() if value != getattr(site, name)}
    for name, value in changed.items():
        setattr(site, name, value)
    _fill_addresses(session, site, form)
    return changed


def _checked_handoff(handoff: str) -> str:
    if handoff not in HANDOFFS:
        raise BadValue(msgid("the hand-off is one of %(choices)s"), field="handoff", choices=", ".join(HANDOFFS))
    return handoff


def _checked_privacy_url(url: str) -> str:
    try:
        scheme = return_urls.parse(url).scheme
    except ReturnURLRefused as refused:
        text = msgid("%(url)r cannot be a privacy link: %(why)s")
        raise BadValue(text, field="privacy_url", url=url, why=refused) from None
    if scheme != "https":
        text = msgid("%(url)r cannot be a privacy link: it must begin with https://")
        raise BadValue(text, field="privacy_url", url=url)
    return names.line(url, Site.privacy_url)


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
        text = msgid("%(origin)r is no origin: that ends after host and port, as https://shop.example.com does")
        raise BadValue(text, field="origins", origin=origin)
    return names.line(address.origin, Origin.origin)
