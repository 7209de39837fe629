"""wxadmin account …"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wxadmin.commands.console import note, read_secret, say, table

if TYPE_CHECKING:
    from wxadmin.commands.house import House
    from wxadmin.models import Account
    from wxadmin.settings import Settings

commands = typer.Typer(help="WeChat service accounts (服务号).", no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="The account's name.", metavar="SLUG")]


@commands.command()
def add(
    name: Annotated[str, typer.Option(help="A short name: small letters, digits, hyphens.", metavar="SLUG")],
    appid: Annotated[str, typer.Option(help="The AppID from WeChat's console: wx and 16 signs.")],
    title: Annotated[str | None, typer.Option(help="The name that people read; the short one if left out.")] = None,
) -> None:
    """Add a service account. The AppSecret comes on standard input or from WXADMIN_APPSECRET, never as an argument."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        secret = _secret()
        house.database.write_now(
            accounts.add, house.keys, name=name, appid=appid, secret=secret, title=title, actor=COMMAND_LINE
        )
        say(f"account {name} added")
        _say_domain(house.settings.public_url)


@commands.command("list")
def list_() -> None:
    """Show all accounts."""
    from sqlalchemy import select

    from wxadmin.commands.house import opened
    from wxadmin.models import Account

    with opened() as house:
        rows = house.database.read_now(lambda session: session.scalars(select(Account).order_by(Account.name)).all())
        table(
            ["NAME", "APPID", "TITLE", "REFRESH", "STATE"],
            [(a.name, a.appid, a.title, a.refresh_policy, "off" if a.disabled_at else "on") for a in rows],
        )


@commands.command()
def check(slug: Slug) -> None:
    """Ask WeChat whether AppID and AppSecret belong together, with a made-up code."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts

    with opened() as house:
        account = house.database.write_now(accounts.find, slug)
        secret = accounts.open_secret(house.keys, account.appid, account.secret_sealed)
        _require_right(house.settings, account.appid, secret)
        say(f"account {slug}: AppID and AppSecret are right")


@commands.command("set")
def set_(
    slug: Slug,
    verify_file: Annotated[
        Path | None, typer.Option(help="The ownership file MP_verify_….txt from WeChat's console.", metavar="FILE")
    ] = None,
    *,
    refresh: Annotated[
        str | None,
        typer.Option(
            help="Whose tokens are refreshed: everybody's, those of people who agreed to give their profile, of people "
            "who logged in lately, or nobody's.",
            metavar="all|userinfo|active|none",
        ),
    ] = None,
    active_days: Annotated[
        int | None, typer.Option(help="For --refresh active: the days within which they logged in.", metavar="N")
    ] = None,
    quota: Annotated[
        int | None,
        typer.Option(help="Refreshes a minute, all processes together; 0 is what WeChat allows, 50,000.", metavar="N"),
    ] = None,
    verified_until: Annotated[
        str | None,
        typer.Option(
            help="The day on which its yearly verification ends, as WeChat's console shows it: the doctor reminds you "
            "of it. An empty one is forgotten.",
            metavar="YYYY-MM-DD",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="The name that people read.")] = None,
) -> None:
    """Change an account."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts
    from wxadmin.services.accounts import RefreshForm
    from wxadmin.services.audit import COMMAND_LINE

    content = (verify_file.name, _line_of(verify_file)) if verify_file else None
    form = RefreshForm(refresh, active_days, quota)
    with opened() as house:
        account = house.database.write_now(
            accounts.change,
            slug,
            title=title,
            refresh=form,
            verify_file=content,
            verified_until=verified_until,
            actor=COMMAND_LINE,
        )
        say(f"account {slug} changed")
        if refresh is not None or active_days is not None:
            _say_costs(house, account)


@commands.command()
def secret(slug: Slug) -> None:
    """Replace the AppSecret, after WeChat has said that the new one is right."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        account = house.database.write_now(accounts.find, slug)
        new = _secret()
        _require_right(house.settings, account.appid, new)
        house.database.write_now(accounts.replace_secret, house.keys, slug, new, actor=COMMAND_LINE)
        say(f"account {slug}: the new AppSecret is in use")


@commands.command()
def disable(slug: Slug) -> None:
    """Switch an account off. Nothing of it is deleted."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        house.database.write_now(accounts.disable, slug, actor=COMMAND_LINE)
        say(f"account {slug} is off")


@commands.command()
def enable(slug: Slug) -> None:
    """Switch an account on again, as it was."""
    from wxadmin.commands.house import opened
    from wxadmin.services import accounts
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        house.database.write_now(accounts.enable, slug, actor=COMMAND_LINE)
        say(f"account {slug} is on")


def _say_costs(house: "House", account: "Account") -> None:
    """What the choice costs, beside the others."""
    from wxadmin.clock import utcnow
    from wxadmin.queries import refresh_costs, standing

    now, ahead = utcnow(), timedelta(seconds=house.settings.refresh_ahead)
    tokens = house.database.read_now(standing.standing, now=now, zone=house.settings.zone)
    costs = refresh_costs.by_policy(
        tokens.of_account(account.id), active_days=account.refresh_active_days, ahead=ahead, now=now
    )
    mark = {account.refresh_policy: "chosen"}
    table(["REFRESH", "CALLS A DAY", ""], [(policy, f"{n:,}", mark.get(policy, "")) for policy, n in costs.items()])


def _line_of(file: Path) -> str:
    from wxadmin.errors import BadValue

    try:
        return file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise BadValue(f"{file} is no text: download it again from WeChat's console") from None


def _secret() -> str:
    from wxadmin import settings

    return settings.environment_appsecret() or read_secret("AppSecret")


def _require_right(settings: "Settings", appid: str, secret: str) -> None:
    import asyncio

    from wxadmin.flows.checks import require_pair
    from wxadmin.wechat.client import WeChat

    async def ask() -> None:
        wechat = WeChat(settings.wechat_api_url, settings.wechat_timeout)
        try:
            await require_pair(wechat, appid, secret)
        finally:
            await wechat.aclose()

    asyncio.run(ask())


def _say_domain(public_url: str | None) -> None:
    from urllib.parse import urlsplit

    from wxadmin.doctor.console_menus import WEB_AUTHORIZATION_DOMAIN

    if public_url is None:
        note("set WXADMIN_PUBLIC_URL to the address that browsers reach the gateway by")
        return
    note(f"in WeChat's console, {WEB_AUTHORIZATION_DOMAIN.path}, enter exactly:")
    say(urlsplit(public_url).hostname or public_url)
