"""How visitors go back to a site, with a login or as guests: the return URL with what the site is set to be told."""

from datetime import datetime

from wxadmin.clock import utcnow
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.queries.registry import KnownSite
from wxadmin.security import return_urls, signed_returns
from wxadmin.security.keys import KeyRing
from wxadmin.services.users import Person

_GUEST = "guest"
# Why a guest has no login: they chose to look around first, or WeChat shows them its snapshot page.
DECLINED = "declined"
SNAPSHOT = "snapshot"


def signing_key(keys: KeyRing, site: KnownSite | None, now: datetime) -> str | None:
    """The key by which the site is told an OpenID in the address; None where it is told by the ticket alone, as one
    that was switched off meanwhile is. Raises SealBroken."""
    sealed = site.signing_key_sealed(now) if site else None
    return keys.open(sealed, handoff_key_bound_to(site.name)) if site and sealed else None


def login_url(return_url: str, ticket: str, person: Person | None, key: str | None) -> str:
    """Where the person goes with a ticket of theirs; only a site with a key needs to be told who it is."""
    if key is None or person is None:
        return return_urls.with_parameters(return_url, {"ticket": ticket})
    profile = {"nickname": person.profile.nickname, "headimgurl": person.profile.headimgurl} if person.profile else {}
    told = {name: value for name, value in profile.items() if value}
    return signed_returns.signed(return_url, key, openid=person.openid, ticket=ticket, profile=told, at=utcnow())


def guest_url(return_url: str, why: str) -> str:
    """Where a guest goes; `why` is DECLINED or SNAPSHOT."""
    return return_urls.with_parameters(return_urls.without_parameters(return_url, {_GUEST}), {_GUEST: why})


def cleaned(return_url: str, site: KnownSite) -> str:
    """The return URL without what the gateway itself tells this site there: pages that name their own address bring
    along what an earlier login left, and strangers what the site is to take for ours. The rest stays to the byte."""
    names = set(signed_returns.PARAMETERS) if site.handoff == "openid" else set()
    if site.explain or site.snapshot_guest:
        names.add(_GUEST)
    return return_urls.without_parameters(return_url, names) if names else return_url
