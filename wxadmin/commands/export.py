"""wxadmin export …"""

from pathlib import Path
from typing import Annotated

import typer

from wxadmin.commands.console import say
from wxadmin.commands.export_others import attempts, events, failures
from wxadmin.errors import WxadminError

commands = typer.Typer(help="Lists as files (导出).", no_args_is_help=True)
Day = typer.Option(metavar="DAY", help="A day of the time zone in the settings, as 2026-11-20; it is included.")

Came = typer.Option(
    metavar="DAY", help="By the days of logins through --site and --channel; through any, where neither is given."
)

Consent = typer.Option(metavar="DAY", help="By the day on which the consent to be asked for the profile ends.")


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
    consent_from: Annotated[str | None, Consent] = None,
    consent_to: Annotated[str | None, Consent] = None,
    logins_min: Annotated[str | None, typer.Option(metavar="N", help="Only users with so many logins or more.")] = None,
    logins_max: Annotated[str | None, typer.Option(metavar="N", help="Only users with so many logins at most.")] = None,
    unionid: Annotated[str | None, typer.Option(metavar="known|unknown", help="By whether it is known.")] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="allowed|blocked", help="By whether they may be contacted.")
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="ID", help="Only whom this uploaded list holds.")] = None,
    without: Annotated[str | None, typer.Option(metavar="ID", help="All but whom this uploaded list holds.")] = None,
    with_blocked: Annotated[
        bool, typer.Option("--with-blocked", help="Also those who are not to be contacted (勿扰).")
    ] = False,
    segment: Annotated[
        str | None, typer.Option(metavar="NAME", help="The users of this segment; no other filter beside it.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="EXPORT", help="Only what has changed since the export of this number.")
    ] = None,
    destination: Annotated[
        str, typer.Option(metavar="other|wechat_pay|…", help="Where it goes, which says what the file is like.")
    ] = "other",
    format: Annotated[  # noqa: A002, the option's name
        str, typer.Option(metavar="csv_excel|csv|jsonl|xlsx|openids", help="How it is written, for `other`.")
    ] = "csv_excel",
    columns: Annotated[str, typer.Option(metavar="NAME,NAME", help="Which columns, for `other`.")] = "",
    zone: Annotated[
        str | None, typer.Option(help="The time zone of moments; that of the settings if left out.")
    ] = None,
    purpose: Annotated[str, typer.Option(metavar="coupons|ads|…", help="What for, as the receipt says it.")] = "other",
    remark: Annotated[str, typer.Option("--note", help="A remark for the receipt.")] = "wxadmin export users",
    lang: Annotated[str, typer.Option(metavar="zh_CN|en", help="The language of headings and scopes.")] = "zh_CN",
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output if it is left out.")] = None,
) -> None:
    """Write the users that fit all filters, the same that the dashboard exports: as CSV for Excel and WPS, unless
    another destination or format is chosen.

    Destinations: wechat_pay, tencent_ads, mass_send (files of at most 10,000), tagging (lines of fifty), crm, other.
    Purposes: coupons, mass_send, tagging, ads, crm, customer, other. Columns: openid, unionid, nickname, scopes,
    account, site, channel, ref, first_login, last_login, logins.

    In CSV for Excel, text that a spreadsheet would calculate or shorten, such as =1+1 or 00123, gets an apostrophe in
    front; a cell without its first apostrophe is as it was stored.

    Whoever is not to be contacted (勿扰) is left out, and counted, unless --with-blocked is given.

    With --since, a column `change` comes first, which says of each user whether they were added, changed or are gone
    since that export, which has to be of the same segment or the same filters; lists of openids are two files, of those
    added and of those gone.

    A file appears under its name when it is whole: one that was cut short keeps the ending .part. Several files are
    called NAME-1, NAME-2 and so on. Each export is on record, with a receipt by which `wxadmin export verify` knows
    the file again.
    """
    from wxadmin.commands.export_run import written
    from wxadmin.commands.house import opened
    from wxadmin.errors import BadValue
    from wxadmin.exporting.subjects.users import USERS
    from wxadmin.queries import segments
    from wxadmin.queries.user_filters import UserFilters, choices
    from wxadmin.services.exports import ExportForm

    if lang not in {"zh_CN", "en"}:
        raise BadValue("lang is zh_CN or en")
    typed = {"account": account, "site": site, "channel": channel, "scope": scope, "token": token, "q": q}
    days = {"first_from": first_from, "first_to": first_to, "last_from": last_from, "last_to": last_to}
    days |= {"came_from": came_from, "came_to": came_to, "consent_from": consent_from, "consent_to": consent_to}
    logins = {"logins_min": logins_min, "logins_max": logins_max}
    lists = {"unionid": unionid, "contact": contact, "only": only, "without": without}
    filters = UserFilters.read(typed | days | logins | lists)
    if segment is not None and filters.given:
        raise BadValue("a segment brings its filters: leave them out, or --segment")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) < 19):
        raise BadValue("since is the number of an export, as its receipt and the names of its files have it")
    with opened() as house:
        own_zone, database = house.settings.zone.key, house.database
        saved = database.read_now(segments.named, segment) if segment is not None else None
        filters = segments.filters_of(saved) if saved else filters
        accounts = database.read_now(choices, filters).accounts
        several = len(accounts) > 1 and not (filters.account or filters.site)
        form = ExportForm(
            destination=destination,
            purpose=purpose,
            filters=filters.given,
            filter_zone=saved.filter_zone if saved else own_zone,
            zone=zone or own_zone,
            language=lang,
            note=remark,
            format=format,
            with_blocked=with_blocked,
            columns=tuple(columns.split(",")) if columns else USERS.usual_columns(of_several_accounts=several),
            segment=saved,
            since=int(since) if since else None,
        )
        written(house, form, output)


commands.command()(attempts)
commands.command()(failures)
commands.command()(events)


@commands.command()
def verify(file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that somebody exported.")]) -> None:
    """Say whose a file is, when it was made, and whether it is whole, cut or changed, and how many rows it lacks.

    It is read here and sent nowhere. Exits with 0 where it is to the byte what an export made, else with 1.
    """
    from wxadmin.commands.house import opened
    from wxadmin.exporting import recognising
    from wxadmin.exporting.comparing import Finding
    from wxadmin.exporting.storage import Storage
    from wxadmin.i18n import local_time

    held = recognising.held(file)
    with opened() as house:
        found = house.database.read_now(recognising.by_print, held)
        if found is None:
            raise WxadminError("no export of this installation made such a file")
        found = recognising.settled(found, held, Storage(house.settings.exports_dir))
        zone = house.settings.zone
    export, part = found.export, found.part
    say(_SAID[found.finding.value])
    say(f"export {export.id} by {export.asked_by}, {local_time(export.asked_at, zone)}: {part.name}")
    as_of = f", data as of {local_time(export.as_of, zone)}" if export.as_of else ""
    say(f"{part.rows} {export.subject}, {part.size} bytes{as_of}; for {export.purpose} {export.note}".rstrip())
    if found.rows_short:
        say(f"{found.rows_short} rows are missing")
    if found.finding is not Finding.WHOLE:
        raise typer.Exit(1)


_SAID = {
    "whole": "whole: to the byte what the export made",
    "cut": "cut: its end is missing",
    "shorter": "shorter than it was; too little is left to say more",
    "longer": "changed: something was added at its end",
    "changed": "changed: it is not what the export made",
}
