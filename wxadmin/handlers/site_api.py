"""What the server of a site meets: it says by its API key who it is."""

from wxadmin.clock import utcnow
from wxadmin.handlers.api import ApiHandler
from wxadmin.log import logger
from wxadmin.queries.registry import KnownSite
from wxadmin.security.hashes import sha256

_MISSING = "send the site's API key as `Authorization: Bearer <key>`"
_UNKNOWN = "this API key is of no site that is switched on: send the one that was made last for the site"
_ENDED = "this API key was replaced, and its grace ended at {:%Y-%m-%d %H:%M} UTC: send the site's newer one"


class SiteApiHandler(ApiHandler):
    """Tells sites apart by their keys; whoever brings bad ones again and again has to wait."""

    async def site_of_key(self, key: str | None) -> KnownSite | None:
        """The site; None where the key is missing or nobody's, which counts against the address. Raises
        TooManyFailures, never for a key that is good."""
        registry = await self.gateway.registry.current()
        site = registry.site_of_key(sha256(key), utcnow()) if key else None
        if site is None:
            self.require_few_failures(self.front.limits.site_keys, self.customer)
            self.front.limits.site_keys.failed(self.customer)
        return site

    async def why_no_key(self, key: str | None) -> str:
        """What to change about a key that is no site's."""
        if not key:
            return _MISSING
        registry = await self.gateway.registry.current()
        site = registry.site_of_ended_key(sha256(key))
        if site is None or site.old_key_until is None:
            return _UNKNOWN
        logger.warning("site_key_ended", site=site.name, request_id=self.request_id)
        return _ENDED.format(site.old_key_until)
