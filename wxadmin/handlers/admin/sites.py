"""Sites: shown with what their developers need, added, changed, given new keys, switched off and on."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from tornado.web import HTTPError

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import ADMINS, SITE_READERS
from wxadmin.i18n import msgid
from wxadmin.models import Role
from wxadmin.queries import accounts, sites, staff
from wxadmin.queries.sites import SiteRow
from wxadmin.services import site_developers
from wxadmin.services import sites as services
from wxadmin.services.sites import SiteForm

HANDOFF_WORDS = {"ticket": msgid("ticket (recommended)"), "openid": msgid("plain OpenID (for old sites)")}


@dataclass(frozen=True, slots=True)
class Grace:
    """How long an old key goes on."""

    time: timedelta
    words: str


GRACES = {
    "24": Grace(timedelta(hours=24), msgid("after 24 hours")),
    "1": Grace(timedelta(hours=1), msgid("after an hour")),
    "168": Grace(timedelta(days=7), msgid("after 7 days")),
    "0": Grace(timedelta(0), msgid("at once")),
}


class SiteList(StaffHandler):
    roles = SITE_READERS

    async def get(self) -> None:
        rows = await self.gateway.database.read(sites.all_rows, self.identity.site_ids)
        self.show(
            "sites/list.html", sites=rows, handoff_words=HANDOFF_WORDS, may_change=self.identity.role == Role.ADMIN
        )


class SiteShow(StaffHandler):
    """The site, a link that starts a login and a call that redeems its ticket, ready to copy."""

    roles = SITE_READERS

    async def get(self, name: str) -> None:
        site = await self.gateway.database.read(sites.named, name, self.identity.site_ids)
        if site is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        url = site.return_urls[0] if site.return_urls else ""
        asked = {"url": url, "scope": "snsapi_userinfo", "account": site.account, "nonce": "RANDOM"}
        self.show(
            "sites/show.html",
            site=site,
            auth_url=f"{self.gateway.public_url}/auth?{urlencode(asked)}",
            redeem_url=f"{self.gateway.public_url}/api/v1/tickets/redeem",
            handoff_words=HANDOFF_WORDS,
            may_change=self.identity.role == Role.ADMIN,
            now=utcnow(),
        )


class SiteFormHandler(FormHandler):
    """A form about a site; only administrators have any."""

    roles = ADMINS

    async def site(self, name: str) -> SiteRow:
        found = await self.gateway.database.read(sites.named, name, None)
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found

    def grace(self) -> Grace:
        """The one that was chosen. Raises BadValue."""
        grace = GRACES.get(self.entered("grace"))
        if grace is None:
            raise BadValue(msgid("choose one of the times"), field="grace")
        return grace

    def form(self) -> SiteForm:
        return SiteForm(
            return_urls=self.lines("return_urls"),
            origins=self.lines("origins"),
            handoff=self.entered("handoff"),
            page_code=self.ticked("page_code"),
            dev=self.ticked("dev"),
            title=self.entered("title") or None,
            contact=self.entered("contact"),
            explain=self.ticked("explain"),
            privacy_url=self.entered("privacy_url"),
            snapshot_guest=self.ticked("snapshot_guest"),
            profile_required=self.ticked("profile_required"),
        )


class SiteAdd(SiteFormHandler):
    async def get(self) -> None:
        known = await self.gateway.database.read(accounts.all_rows)
        on = [account for account in known if account.disabled_at is None]
        developers = await self.gateway.database.read(staff.developers)
        self.show("sites/add.html", accounts=on, site=None, handoff_words=HANDOFF_WORDS, developers=developers)

    async def save(self) -> None:
        name = self.entered("name")
        made = await self.gateway.database.write(
            site_developers.add_site,
            self.gateway.keys,
            account=self.entered("account"),
            name=name,
            form=self.form(),
            developers=self.get_body_arguments("developers"),
            actor=self.identity.name,
        )
        # Not a redirect: this page is the one place that shows them.
        self.show("sites/keys.html", name=name, api_key=made.api_key, handoff_key=made.handoff_key, grace=None)


class SiteChange(SiteFormHandler):
    async def get(self, name: str) -> None:
        self.show("sites/change.html", site=await self.site(name), handoff_words=HANDOFF_WORDS)

    async def save(self, name: str) -> None:
        handoff_key = await self.gateway.database.write(
            services.change, self.gateway.keys, name, self.form(), actor=self.identity.name
        )
        if handoff_key is not None:
            self.show("sites/keys.html", name=name, api_key=None, handoff_key=handoff_key, grace=None)
            return
        self.done(f"/admin/sites/{name}")


class SiteRotateKey(SiteFormHandler):
    """Gives a site a new API key; the old one stops when the grace ends."""

    async def get(self, name: str) -> None:
        self.show("sites/rotate_key.html", site=await self.site(name), graces=GRACES)

    async def save(self, name: str) -> None:
        grace = self.grace()
        key = await self.gateway.database.write(services.rotate_key, name, grace.time, actor=self.identity.name)
        self.show("sites/keys.html", name=name, api_key=key, handoff_key=None, grace=grace)


class SiteRotateHandoffKey(SiteFormHandler):
    """Gives a site a new hand-off key; the old one signs until the grace ends."""

    async def get(self, name: str) -> None:
        site = await self.site(name)
        if not site.has_handoff_key:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.show("sites/rotate_handoff_key.html", site=site, graces=GRACES)

    async def save(self, name: str) -> None:
        grace = self.grace()
        key = await self.gateway.database.write(
            services.rotate_handoff_key, self.gateway.keys, name, grace.time, actor=self.identity.name
        )
        self.show("sites/keys.html", name=name, api_key=None, handoff_key=key, grace=grace)


class SiteDisable(SiteFormHandler):
    async def get(self, name: str) -> None:
        self.show("sites/disable.html", site=await self.site(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(services.disable, name, actor=self.identity.name)
        self.done("/admin/sites")


class SiteEnable(SiteFormHandler):
    async def get(self, name: str) -> None:
        self.show("sites/enable.html", site=await self.site(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(services.enable, name, actor=self.identity.name)
        self.done(f"/admin/sites/{name}")
