"""wxadmin site …"""

import re
from datetime import timedelta
from typing import Annotated

import typer

from wxadmin.commands.console import note, say, table
from wxadmin.errors import BadValue

commands = typer.Typer(help="Business sites that visitors return to (接入站点).", no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="The site's name.", metavar="SLUG")]
ReturnURLs = Annotated[
    list[str] | None,
    typer.Option(
        "--return-url",
        help="Where visitors may return to: scheme, host, port, and the path to stay below. May be repeated.",
        metavar="URL",
    ),
]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="An origin whose pages may post a code themselves.", metavar="URL")
]
Handoff = Annotated[
    str | None,
    typer.Option(
        help="How the visitor is handed over: by a ticket, or, for old sites, with the OpenID in the address as well.",
        metavar="ticket|openid",
    ),
]
PageCode = Annotated[bool | None, typer.Option("--page-code/--no-page-code", help="Pages may post a code themselves.")]
Dev = Annotated[bool | None, typer.Option("--dev/--no-dev", help="A development site: local addresses, any browser.")]
Explain = Annotated[
    bool | None,
    typer.Option(
        "--explain/--no-explain", help="Before WeChat asks for consent, a page says who asks for what (授权说明页)."
    ),
]
PrivacyURL = Annotated[
    str | None, typer.Option(help="The privacy policy that this page links to; '' takes it away.", metavar="URL")
]
SnapshotGuest = Annotated[
    bool | None,
    typer.Option(
        "--snapshot-guest/--no-snapshot-guest", help="Visitors on WeChat's snapshot page (快照页) come back as guests."
    ),
]
ProfileRequired = Annotated[
    bool | None,
    typer.Option(
        "--profile-required/--no-profile-required",
        help="A login with consent that brings no nickname leads to a page, not to the site.",
    ),
]
Title = Annotated[str | None, typer.Option(help="The name that visitors read.")]
Contact = Annotated[str | None, typer.Option(help="Whom visitors can ask; shown on their pages.", metavar="TEXT")]

Developers = Annotated[
    list[str] | None,
    typer.Option("--developer", help="A developer of the staff who may see it. May be repeated.", metavar="NAME"),
]

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@commands.command()
def add(
    *,
    account: Annotated[str, typer.Option(help="The service account it belongs to.", metavar="SLUG")],
    name: Annotated[str, typer.Option(help="A short name: small letters, digits, hyphens.", metavar="SLUG")],
    return_url: ReturnURLs = None,
    origin: Origins = None,
    handoff: Handoff = None,
    page_code: PageCode = None,
    dev: Dev = None,
    explain: Explain = None,
    privacy_url: PrivacyURL = None,
    snapshot_guest: SnapshotGuest = None,
    profile_required: ProfileRequired = None,
    title: Title = None,
    contact: Contact = None,
    developer: Developers = None,
) -> None:
    """Add a site, and print its API key, with --handoff openid its hand-off key too: they are not shown again."""
    from wxadmin.commands.house import opened
    from wxadmin.services import site_developers
    from wxadmin.services.audit import COMMAND_LINE
    from wxadmin.services.sites import SiteForm

    form = SiteForm(
        return_urls=return_url,
        origins=origin,
        handoff=handoff,
        page_code=page_code,
        dev=dev,
        title=title,
        contact=contact,
        explain=explain,
        privacy_url=privacy_url,
        snapshot_guest=snapshot_guest,
        profile_required=profile_required,
    )
    with opened() as house:
        made = house.database.write_now(
            site_developers.add_site,
            house.keys,
            account=account,
            name=name,
            form=form,
            developers=developer or [],
            actor=COMMAND_LINE,
        )
        note(f"site {name} added; its API key, shown only now:")
        say(made.api_key)
        _tell_handoff(handoff, made.handoff_key)


@commands.command("list")
def list_() -> None:
    """Show all sites."""
    from wxadmin.commands.house import opened
    from wxadmin.queries import sites

    with opened() as house:
        table(
            ["NAME", "ACCOUNT", "RETURNS TO", "HAND-OFF", "DEV", "STATE"],
            [
                (s.name, s.account, " ".join(s.return_urls), s.handoff, "yes" if s.dev else "no", s.state)
                for s in house.database.read_now(sites.all_rows)
            ],
        )


@commands.command("set")
def set_(
    slug: Slug,
    *,
    return_url: ReturnURLs = None,
    origin: Origins = None,
    handoff: Handoff = None,
    page_code: PageCode = None,
    dev: Dev = None,
    explain: Explain = None,
    privacy_url: PrivacyURL = None,
    snapshot_guest: SnapshotGuest = None,
    profile_required: ProfileRequired = None,
    title: Title = None,
    contact: Contact = None,
) -> None:
    """Change a site. Return URLs and origins, where given, replace the old ones."""
    from wxadmin.commands.house import opened
    from wxadmin.services import sites
    from wxadmin.services.audit import COMMAND_LINE
    from wxadmin.services.sites import SiteForm

    form = SiteForm(
        # An option that is not given comes as an empty list and leaves what is stored.
        return_urls=return_url or None,
        origins=origin or None,
        handoff=handoff,
        page_code=page_code,
        dev=dev,
        title=title,
        contact=contact,
        explain=explain,
        privacy_url=privacy_url,
        snapshot_guest=snapshot_guest,
        profile_required=profile_required,
    )
    with opened() as house:
        handoff_key = house.database.write_now(sites.change, house.keys, slug, form, actor=COMMAND_LINE)
        say(f"site {slug} changed")
        _tell_handoff(handoff, handoff_key)


@commands.command("rotate-key")
def rotate_key(
    slug: Slug, grace: Annotated[str, typer.Option(help="How long the old key goes on: 24h, 30m, 7d.")] = "24h"
) -> None:
    """Give a site a new API key, and print it: it is not stored and not shown again."""
    from wxadmin.commands.house import opened
    from wxadmin.services import sites
    from wxadmin.services.audit import COMMAND_LINE

    runs = _duration(grace)
    with opened() as house:
        key = house.database.write_now(sites.rotate_key, slug, runs, actor=COMMAND_LINE)
        note(f"site {slug}: the old key stops in {grace}; the new one, shown only now:")
        say(key)


@commands.command("rotate-handoff-key")
def rotate_handoff_key(
    slug: Slug,
    grace: Annotated[str, typer.Option(help="How long the old key goes on to sign: 24h, 30m, 7d.")] = "24h",
) -> None:
    """Give a site a new hand-off key, and print it: it is not shown again. The old one signs until the grace ends."""
    from wxadmin.commands.house import opened
    from wxadmin.services import sites
    from wxadmin.services.audit import COMMAND_LINE

    runs = _duration(grace)
    with opened() as house:
        key = house.database.write_now(sites.rotate_handoff_key, house.keys, slug, runs, actor=COMMAND_LINE)
        note(f"site {slug}: let it accept this key beside the old one, which signs for {grace} more; shown only now:")
        say(key)


@commands.command()
def disable(slug: Slug) -> None:
    """Switch a site off. Nothing of it is deleted."""
    from wxadmin.commands.house import opened
    from wxadmin.services import sites
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        house.database.write_now(sites.disable, slug, actor=COMMAND_LINE)
        say(f"site {slug} is off")


@commands.command()
def enable(slug: Slug) -> None:
    """Switch a site on again, with the key that it had."""
    from wxadmin.commands.house import opened
    from wxadmin.services import sites
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        house.database.write_now(sites.enable, slug, actor=COMMAND_LINE)
        say(f"site {slug} is on")


def _tell_handoff(handoff: str | None, key: str | None) -> None:
    if handoff == "openid":
        note("warning: whoever sees an address that visitors come back to sees their OpenID: for old sites only")
    if key is not None:
        note("its hand-off key, shown only now:")
        say(key)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None:
        raise BadValue(f"{text!r} is no time such as 24h, 30m or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
