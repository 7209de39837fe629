"""Gathering what the doctor judges: the set-up from inside, and, where that is asked for, from outside and with WeChat.

From outside, nothing is changed anywhere: a made-up code is exchanged, which WeChat refuses, and pages are
read that anybody may read.
"""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy.orm import Session

from wxadmin import kept_secrets
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.database.clocks import shared_now
from wxadmin.doctor import arrivals
from wxadmin.doctor.fetching import TIMEOUT_S, certificate, page, plain_url, twin_url
from wxadmin.doctor.picture import Answer, Outside, Page, Picture, Store
from wxadmin.errors import SealBroken
from wxadmin.exporting.storage import Storage
from wxadmin.flows.checks import objection
from wxadmin.queries import account_refreshes, accounts, attention, checkup, exports, sites
from wxadmin.queries.accounts import AccountRow
from wxadmin.queries.standing import Standing
from wxadmin.security.keys import KeyRing
from wxadmin.services.accounts import open_secret
from wxadmin.settings import Settings
from wxadmin.wechat.client import WeChat

_NEWEST_VISITORS = 200
_NEWEST_EXPORTS = 50
_OTHERS_MAY_READ = 0o077


def look(session: Session, settings: Settings, public_url: str, keys: KeyRing, standing: Standing) -> Picture:
    """The set-up from inside; `standing` is how all tokens stand, which takes a while to count."""
    rows = accounts.all_rows(session)
    return Picture(
        now=utcnow(),
        settings=settings,
        public_url=public_url,
        store=_store(session, settings, keys),
        accounts=rows,
        sites=sites.all_rows(session),
        held=account_refreshes.held(session),
        verify_bodies=checkup.verify_bodies(session),
        silent={
            row.name: account.living.total() - account.explicit
            for row in rows
            if (account := standing.of_account(row.id)) is not None
        },
    )


def _store(session: Session, settings: Settings, keys: KeyRing) -> Store:
    folder = settings.data_dir if settings.data_dir.exists() else Path()
    oldest_step, oldest_entry = checkup.oldest(session)
    return Store(
        skew=shared_now(session) - utcnow(),
        unsafe=checkup.unsafe_settings(session),
        free_bytes=shutil.disk_usage(folder).free,
        readable=_readable_by_others(settings),
        key_ids=keys.ids,
        needed_key_ids=checkup.needed_key_ids(session),
        jobs=attention.idle_jobs(session, utcnow()),
        admins=checkup.admins(session),
        seen_as=checkup.newest_addresses(session, limit=_NEWEST_VISITORS),
        oldest_step=oldest_step,
        oldest_entry=oldest_entry,
        files_elsewhere=_files_elsewhere(session, settings),
    )


def _files_elsewhere(session: Session, settings: Settings) -> int:
    storage = Storage(settings.exports_dir)
    kept = exports.newest_kept(session, limit=_NEWEST_EXPORTS)
    return sum(not storage.file(export.id, export.attempt, 1).exists() for export in kept)


def _readable_by_others(settings: Settings) -> list[str]:
    files = [settings.data_dir / kept_secrets.KEY_FILE, settings.data_dir / kept_secrets.METRICS_FILE, Path(".env")]
    if settings.database.startswith("sqlite"):
        files.append(Path(settings.database.removeprefix("sqlite:///")))
    return [str(file) for file in files if file.exists() and file.stat().st_mode & _OTHERS_MAY_READ]


async def look_outside(picture: Picture, database: Database, keys: KeyRing) -> Picture:
    """The same picture, with what WeChat and the gateway's own public address say. Takes some seconds."""
    sealed = {
        account.name: await database.read(accounts.secret_sealed, account.name)
        for account in picture.accounts_on
        if account.has_secret
    }
    settings = picture.settings
    wechat = WeChat(settings.wechat_api_url, settings.wechat_timeout)
    # Nothing that is fetched here carries a secret; a proxy of the environment would be another way than visitors go.
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        try:
            answers, ownership, (health, plain, twin), wechats_skew, (ends, error) = await asyncio.gather(
                _answers(wechat, picture.accounts_on, sealed, keys),
                _ownership(http, picture),
                _ways_in(http, picture.public_url, keys),
                _wechats_skew(http, settings.wechat_api_url),
                certificate(picture.public_url),
            )
        finally:
            await wechat.aclose()
    return replace(
        picture,
        now=utcnow(),
        outside=Outside(
            answers=answers,
            health=health,
            ownership=ownership,
            plain=plain,
            twin=twin,
            certificate_ends=ends,
            certificate_error=error,
            wechats_skew=wechats_skew,
        ),
    )


async def _answers(
    wechat: WeChat, rows: Sequence[AccountRow], sealed: Mapping[str, bytes | None], keys: KeyRing
) -> dict[str, Answer]:
    asked = [row for row in rows if row.name in sealed]
    found = await asyncio.gather(*(_answer(wechat, row.appid, sealed[row.name], keys) for row in asked))
    return {row.name: answer for row, answer in zip(asked, found, strict=True)}


async def _answer(wechat: WeChat, appid: str, sealed: bytes | None, keys: KeyRing) -> Answer:
    try:
        secret = open_secret(keys, appid, sealed)
    except SealBroken:
        return Answer("gw_key_missing")
    failed = await objection(wechat, appid, secret)
    return Answer(failed.code, failed.errmsg) if failed else Answer("")


async def _ownership(http: httpx.AsyncClient, picture: Picture) -> dict[str, Page]:
    """WeChat looks at the root of the domain, whatever path the gateway has."""
    parts = urlsplit(picture.public_url)
    named = {row.name: row.verify_name for row in picture.accounts_on if row.verify_name}
    pages = await asyncio.gather(*(page(http, f"{parts.scheme}://{parts.netloc}/{file}") for file in named.values()))
    return dict(zip(named, pages, strict=True))


async def _ways_in(http: httpx.AsyncClient, public_url: str, keys: KeyRing) -> tuple[Page, Page | None, Page | None]:
    """Our own address, the same without encryption, and its twin with or without www."""
    probe = {arrivals.PROBE: arrivals.probe(keys, utcnow())}
    return await asyncio.gather(
        page(http, f"{public_url}/healthz", probe),
        _health(http, plain_url(public_url)),
        _health(http, twin_url(public_url)),
    )


async def _health(http: httpx.AsyncClient, url: str | None) -> Page | None:
    return await page(http, f"{url}/healthz") if url else None


async def _wechats_skew(http: httpx.AsyncClient, api_url: str) -> timedelta | None:
    """By the time that stands in an answer; None where there is none."""
    try:
        response = await http.get(f"{api_url}/sns/auth")
        said = parsedate_to_datetime(response.headers["Date"])
    except (httpx.HTTPError, KeyError, ValueError):
        return None
    # A time of the unknown zone "-0000" is one of UTC, too.
    return said.replace(tzinfo=UTC) - utcnow()
