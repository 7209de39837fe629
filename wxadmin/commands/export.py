"""wxadmin export …"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from wxadmin.commands.console import note

commands = typer.Typer(help="Lists as files (导出).", no_args_is_help=True)
Day = typer.Option(metavar="DAY", help="A day of the time zone in the settings, as 2026-11-20; it is included.")

Came = typer.Option(
    metavar="DAY", help="By the days of logins through --site and --channel; through any, where neither is given."
)


@commands.callback()
def about() -> None:
    """Lists as files (导出)."""


@commands.command()
def users(
    *,
    account: Annotated[str | None, typer.Option(metavar="SLUG", help="Only users of this service account.")] = None,
    site: Annotated[str | None, typer.Option(metavar="SLUG", help="Only users who came to this site.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only users who came through this channel.")] = None,
    scope: Annotated[str | None, typer.Option(metavar="silent|explicit", help="By the scopes they granted.")] = None,
    token: Annotated[str | None, typer.Option(metavar="fresh|late|…", help="By the state of their token.")] = None,
    q: Annotated[
        str | None, typer.Option(help="An openid or its beginning, a unionid, a reference, a nickname.")
    ] = None,
    first_from: Annotated[str | None, Day] = None,
    first_to: Annotated[str | None, Day] = None,
    last_from: Annotated[str | None, Day] = None,
    last_to: Annotated[str | None, Day] = None,
    came_from: Annotated[str | None, Came] = None,
    came_to: Annotated[str | None, Came] = None,
    logins_min: Annotated[str | None, typer.Option(metavar="N", help="Only users with so many logins or more.")] = None,
    logins_max: Annotated[str | None, typer.Option(metavar="N", help="Only users with so many logins at most.")] = None,
    unionid: Annotated[str | None, typer.Option(metavar="known|unknown", help="By whether it is known.")] = None,
    lang: Annotated[str, typer.Option(metavar="zh_CN|en", help="The language of headings and scopes.")] = "zh_CN",
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output if it is left out.")] = None,
) -> None:
    """Write the users that fit all filters as CSV for Excel and WPS, the same that the dashboard exports.

    Text that a spreadsheet would calculate or shorten, such as =1+1 or 00123, gets an apostrophe in front; a cell
    without its first apostrophe is as it was stored.

    A file appears under its name when it is whole: one that was cut short keeps the ending .part. Each export is on
    record with its filters and how many users it held.
    """
    from wxadmin.commands.house import opened
    from wxadmin.errors import BadValue
    from wxadmin.i18n import translator
    from wxadmin.queries import masking, user_file
    from wxadmin.queries.user_filters import UserFilters, choices
    from wxadmin.services import exports
    from wxadmin.services.audit import COMMAND_LINE

    if lang not in {"zh_CN", "en"}:
        raise BadValue("lang is zh_CN or en")
    typed = {"account": account, "site": site, "channel": channel, "scope": scope, "token": token, "q": q}
    days = {"first_from": first_from, "first_to": first_to, "last_from": last_from, "last_to": last_to}
    days |= {"came_from": came_from, "came_to": came_to}
    logins = {"logins_min": logins_min, "logins_max": logins_max}
    filters = UserFilters.read(typed | days | logins | {"unionid": unionid})
    words = translator("en" if lang == "en" else "zh_CN").gettext
    with opened() as house:
        zone = house.settings.zone
        house.database.read_now(choices, filters)
        with _writing(output) as file:
            rows = house.database.long_reads.read_now(user_file.write, file, filters, zone, words, masks=masking.CLEAR)
            house.database.write_now(exports.note, filters.given, rows=rows, actor=COMMAND_LINE)
    note(f"{rows} users")


@contextmanager
def _writing(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f"{output.name}.part")
    with part.open("wb") as file:
        yield file
    part.replace(output)
