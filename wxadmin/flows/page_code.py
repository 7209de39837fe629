"""A page that got a code itself wants to know whose it is: only where its site was made so."""

from dataclasses import dataclass, field

from wxadmin import support_codes
from wxadmin.browsers import Browser
from wxadmin.clock import utcnow
from wxadmin.flows.exchange import Identity, identify, lease
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.storing import new_ticket, store_end, store_login
from wxadmin.queries.registry import KnownSite
from wxadmin.security.hashes import sha256
from wxadmin.services.facts import CallFact
from wxadmin.services.page_codes import PageCode


@dataclass(frozen=True, slots=True)
class PageVisit:
    """Whose page brought the code, and from where."""

    site: KnownSite
    code: str = field(repr=False)
    lang: str | None
    browser: Browser
    ip: str | None


@dataclass(frozen=True, slots=True)
class PageLogin:
    """The login is stored. The ticket is not bound to the browser: nothing proves that this page began."""

    identity: Identity
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageRefused:
    """No login; `last` is the call that said so, without a code where WeChat showed its snapshot page. None where the
    code had been brought before."""

    last: CallFact | None


async def exchange_page_code(gateway: Gateway, visit: PageVisit) -> PageLogin | PageRefused:
    """Raises Overloaded, DatabaseUnavailable. To be run detached from the page's connection."""
    step = PageCode(
        attempt_id=gateway.ids.draw(),
        support_code=support_codes.make(),
        at=utcnow(),
        account_id=visit.site.account_id,
        site_id=visit.site.id,
        # The page knows what it asked for; we do not, until WeChat says what was granted.
        scope="snsapi_base",
        lang=visit.lang,
        browser_family=visit.browser.family,
        wechat_version=visit.browser.wechat_version,
        ip=visit.ip,
        code_hash=sha256(visit.code),
        lease=lease(gateway),
    )
    attempt = await gateway.journal.write(step)
    if attempt is None:
        return PageRefused(None)
    identity, facts = await identify(gateway, attempt, visit.code)
    if identity is None or not identity.is_person:
        await store_end(gateway, attempt, identity, facts)
        return PageRefused(facts[-1])
    ticket = new_ticket()
    await store_login(gateway, attempt, identity, facts, ticket=ticket, returned_at=step.at, browser_bound=False)
    return PageLogin(identity, ticket)
