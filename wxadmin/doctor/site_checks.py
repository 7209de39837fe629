"""What can be wrong with sites: where visitors may be sent back to, and what is handed over to them."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from wxadmin.doctor.findings import Finding, attention, fatal, fine
from wxadmin.doctor.picture import Picture
from wxadmin.i18n import msgid
from wxadmin.queries.sites import SiteRow


def some_site(picture: Picture) -> Iterator[Finding]:
    if not picture.sites_on:
        yield fatal(
            "sites",
            msgid("There is no site that is switched on: nobody can be sent back anywhere."),
            msgid("wxadmin site add --account SLUG --name SLUG --return-url https://…"),
        )


def return_urls(picture: Picture) -> Iterator[Finding]:
    """Whether the allow-list lets tickets go where others may read them, or sends visitors in circles."""
    for site in picture.sites_on:
        faults = [fault for url in site.return_urls for fault in _faults_of(picture, site, url)]
        yield from faults
        if not site.return_urls:
            yield fatal(
                "return-urls",
                msgid("%(site)s has no return URL: no visitor of it can log in."),
                msgid("wxadmin site set %(site)s --return-url https://…"),
                **_about(site),
            )
        elif not faults:
            yield fine(
                "return-urls", msgid("Visitors of %(site)s are sent back to its own addresses alone."), **_about(site)
            )


def _faults_of(picture: Picture, site: SiteRow, url: str) -> Iterator[Finding]:
    parts, own = urlsplit(url), urlsplit(picture.public_url)
    values: dict[str, object] = {"url": url, **_about(site)}
    if picture.is_wechats_own and _is_address(parts.hostname or ""):
        yield attention(
            "return-urls",
            msgid(
                "%(site)s may send visitors to %(url)s, which is no domain: their phones may find somebody else there."
            ),
            msgid("Use the site's domain."),
            **values,
        )
    elif picture.is_wechats_own and parts.scheme == "http":
        yield attention(
            "return-urls",
            msgid("%(site)s sends tickets to %(url)s without encryption: whoever is on the way can read them."),
            msgid("Serve the site with https, and change the return URL."),
            **values,
        )
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and f"{own.path}/auth".startswith(
        parts.path.rstrip("/")
    ):
        yield fatal(
            "return-urls",
            msgid("%(site)s may send visitors back to the gateway itself (%(url)s): they would go in circles."),
            msgid("Name the path of the site's own pages."),
            **values,
        )


def page_codes(picture: Picture) -> Iterator[Finding]:
    for site in picture.sites_on:
        if site.page_code and not site.origins:
            yield fatal(
                "page-codes",
                msgid("%(site)s takes codes from pages, but from none: every page of it is refused."),
                msgid("wxadmin site set %(site)s --origin https://…"),
                **_about(site),
            )


def origins(picture: Picture) -> Iterator[Finding]:
    for site in picture.sites_on:
        for origin in site.origins:
            if picture.is_wechats_own and not site.dev and urlsplit(origin).scheme == "http":
                yield attention(
                    "origins",
                    msgid(
                        "Pages of %(site)s at %(origin)s come without encryption: whoever is on the way can put in a "
                        "script, and have the codes of its visitors exchanged."
                    ),
                    msgid("Serve them with https, and run: wxadmin site set %(site)s --origin https://…"),
                    origin=origin,
                    **_about(site),
                )


def hand_off(picture: Picture) -> Iterator[Finding]:
    for site in picture.sites_on:
        if site.handoff == "openid" and not site.has_handoff_key:
            yield fatal(
                "hand-off",
                msgid("%(site)s has no hand-off key: what it is handed could not be told from what anybody made up."),
                msgid("wxadmin site rotate-handoff-key %(site)s"),
                **_about(site),
            )
        elif site.handoff == "openid":
            yield attention(
                "hand-off",
                msgid("%(site)s is handed OpenIDs in addresses: they end up in logs, histories and shared links."),
                msgid("Have its server redeem tickets, and run: wxadmin site set %(site)s --handoff ticket"),
                **_about(site),
            )


def people(picture: Picture) -> Iterator[Finding]:
    """What visitors are told, and by whom they are helped."""
    for site in picture.sites_on:
        if not site.contact:
            yield attention(
                "contact",
                msgid("%(site)s names nobody whom visitors can turn to: pages of failures cannot say whom to call."),
                msgid("wxadmin site set %(site)s --contact TEXT"),
                **_about(site),
            )
        if site.explain and not site.privacy_url:
            yield attention(
                "privacy-link",
                msgid("%(site)s explains what it asks for, without a link to its privacy notice."),
                msgid("wxadmin site set %(site)s --privacy-url https://…"),
                **_about(site),
            )


def trial_sites(picture: Picture) -> Iterator[Finding]:
    for site in picture.sites_on:
        if site.dev and picture.is_wechats_own:
            yield attention(
                "trial-sites",
                msgid(
                    "%(site)s is for trials: browsers other than WeChat's are let through, and meet WeChat's refusal."
                ),
                msgid("For real visitors: wxadmin site set %(site)s --no-dev"),
                **_about(site),
            )


def _about(site: SiteRow) -> dict[str, object]:
    return {"site": site.name, "about": site.name}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


CHECKS = (some_site, return_urls, page_codes, origins, hand_off, people, trial_sites)
