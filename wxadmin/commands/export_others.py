"""wxadmin export attempts, failures and events: what is no list of users, with the filters of its page or call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

Site = typer.Option(metavar="SLUG", help="Only those of this site.")
From = typer.Option("--from", metavar="DAY", help="A day of the time zone in the settings, as 2026-11-20, or later.")
To = typer.Option("--to", metavar="DAY", help="The last day; it is included.")
Code = typer.Option(metavar="CODE", help="An errcode such as 40029 or a reason such as gw_timeout.")
Kind = typer.Option("--format", metavar="csv_excel|csv|jsonl|xlsx", help="How it is written.")
Columns = typer.Option(metavar="NAME,NAME", help="Which columns; the usual ones where it is left out.")
Zone = typer.Option(help="The time zone of moments; that of the settings if left out.")
Purpose = typer.Option(metavar="customer|other|…", help="What for, as the receipt says it.")
Remark = typer.Option("--note", help="A remark for the receipt; the command's name if left out.")
Lang = typer.Option(metavar="zh_CN|en", help="The language of headings, words and titles of errcodes.")
Output = typer.Option(help="The file to write; standard output if it is left out.")


def attempts(
    *,
    outcome: Annotated[str | None, typer.Option(metavar="failed|abandoned|…", help="How they ended.")] = None,
    site: Annotated[str | None, Site] = None,
    account: Annotated[str | None, typer.Option(metavar="SLUG", help="Only those of this account.")] = None,
    scope: Annotated[str | None, typer.Option(metavar="snsapi_base|snsapi_userinfo", help="What was asked.")] = None,
    browser: Annotated[str | None, typer.Option(metavar="wechat-ios|…", help="Only those of this browser.")] = None,
    version: Annotated[str | None, typer.Option(metavar="8.0", help="How the version of WeChat begins.")] = None,
    code: Annotated[str | None, Code] = None,
    openid: Annotated[str | None, typer.Option(help="Only those of this person.")] = None,
    ref: Annotated[str | None, typer.Option(help="The site's own number of the person, to the letter.")] = None,
    ip: Annotated[str | None, typer.Option(help="The visitor's IP address.")] = None,
    since: Annotated[str | None, From] = None,
    until: Annotated[str | None, To] = None,
    around: Annotated[str | None, typer.Option(metavar="MOMENT", help="In place of days, as 2026-11-20T21:58.")] = None,
    within: Annotated[str | None, typer.Option(metavar="10|30|120", help="So many minutes from it.")] = None,
    kind: Annotated[str, Kind] = "csv_excel",
    columns: Annotated[str, Columns] = "",
    zone: Annotated[str | None, Zone] = None,
    purpose: Annotated[str, Purpose] = "other",
    remark: Annotated[str, Remark] = "",
    lang: Annotated[str, Lang] = "zh_CN",
    output: Annotated[Path | None, Output] = None,
) -> None:
    """Write the attempts that fit all filters, newest first, the same that the dashboard lists. Those of virtual people
    are among them, with the outcome snapshot.

    Outcomes: succeeded, waiting, failed, abandoned, denied, snapshot, duplicate, refused. Columns: support_code,
    outcome, started, ended, recovered, redeemed, code, title, account, site, channel, scope, browser, wechat_version,
    openid, ref, ip.
    """
    asked = {"outcome": outcome, "site": site, "account": account, "scope": scope, "browser": browser}
    asked |= {"version": version, "code": code, "openid": openid, "ref": ref, "ip": ip, "from": since, "to": until}
    asked |= {"around": around, "within": within}
    shape = {"format": kind, "columns": columns, "purpose": purpose, "note": remark, "language": lang}
    _write("attempts", asked, shape, zone=zone, output=output)


def failures(
    *,
    days: Annotated[str, typer.Option("--range", metavar="today|yesterday|7|30", help="Days, today included.")] = "7",
    since: Annotated[str | None, From] = None,
    until: Annotated[str | None, To] = None,
    site: Annotated[str | None, Site] = None,
    kind: Annotated[str, Kind] = "csv_excel",
    columns: Annotated[str, Columns] = "",
    zone: Annotated[str | None, Zone] = None,
    purpose: Annotated[str, Purpose] = "other",
    remark: Annotated[str, Remark] = "",
    lang: Annotated[str, Lang] = "zh_CN",
    output: Annotated[Path | None, Output] = None,
) -> None:
    """Write the failures of some days as the dashboard groups them: each errcode or reason at one step, with its
    counts. Days that are given hold in place of a range.

    Columns: code, title, stage, class, count, people (at most 2,000 are counted), recovered and followed (of the newest
    100), of_late and usually, first_seen, last_seen, site, browser, wechat_version.
    """
    shape = {"format": kind, "columns": columns, "purpose": purpose, "note": remark, "language": lang}
    _write("failures", {"range": days, "from": since, "to": until, "site": site}, shape, zone=zone, output=output)


def events(
    *,
    stage: Annotated[str | None, typer.Option(metavar="start|exchange|…", help="Only this step.")] = None,
    event_class: Annotated[str | None, typer.Option("--class", metavar="ok|failure|…", help="How it went.")] = None,
    code: Annotated[str | None, Code] = None,
    site: Annotated[str | None, Site] = None,
    since: Annotated[str | None, From] = None,
    until: Annotated[str | None, To] = None,
    kind: Annotated[str, Kind] = "csv_excel",
    columns: Annotated[str, Columns] = "",
    zone: Annotated[str | None, Zone] = None,
    purpose: Annotated[str, Purpose] = "other",
    remark: Annotated[str, Remark] = "",
    lang: Annotated[str, Lang] = "zh_CN",
    output: Annotated[Path | None, Output] = None,
) -> None:
    """Write the steps of logins and refreshes that fit all filters, newest first, the same that the API lists.

    Steps: start, return, exchange, userinfo, handoff, redeem, refresh. Classes: ok, failure, harmless, refused,
    abandoned, blocked. Columns: at, stage, class, code, title, errmsg, rid, http_status, duration_ms, scope, browser,
    outcome, support_code, user, account, site, id.
    """
    asked = {"stage": stage, "class": event_class, "code": code, "site": site, "from": since, "to": until}
    shape = {"format": kind, "columns": columns, "purpose": purpose, "note": remark, "language": lang}
    _write("events", asked, shape, zone=zone, output=output)


def _write(
    subject: str, asked: Mapping[str, str | None], shape: Mapping[str, str], *, zone: str | None, output: Path | None
) -> None:
    from wxadmin.commands.export_run import written
    from wxadmin.commands.house import opened
    from wxadmin.errors import BadValue
    from wxadmin.exporting.subjects import SUBJECTS
    from wxadmin.models import ExportSubject
    from wxadmin.queries.user_filters import UserFilters, choices
    from wxadmin.services.exports import ExportForm

    if shape["language"] not in {"zh_CN", "en"}:
        raise BadValue("lang is zh_CN or en")
    with opened() as house:
        accounts = house.database.read_now(choices, UserFilters()).accounts
        usual = SUBJECTS[ExportSubject(subject)].usual_columns(of_several_accounts=len(accounts) > 1)
        form = ExportForm(
            subject=subject,
            destination="other",
            purpose=shape["purpose"],
            filters={name: value for name, value in asked.items() if value},
            filter_zone=house.settings.zone.key,
            zone=zone or house.settings.zone.key,
            language=shape["language"],
            note=shape["note"] or f"wxadmin export {subject}",
            format=shape["format"],
            columns=tuple(shape["columns"].split(",")) if shape["columns"] else usual,
        )
        written(house, form, output)
