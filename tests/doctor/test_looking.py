"""What the doctor sees of a real installation: in its database and files, from outside, and by asking WeChat."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg import sql
from sqlalchemy.orm import Session

from tests.databases import on_postgresql, on_sqlite
from tests.factories import AttemptFactory, ExportFactory, JobRunFactory, StaffFactory
from tests.running import SiteKeys, keys, unused_port
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.days import DAY, day_of
from wxadmin.doctor.examining import examine
from wxadmin.doctor.looking import look, look_outside
from wxadmin.doctor.picture import Picture
from wxadmin.queries import standing
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

VERIFY = ("MP_verify_0123456789abcdef.txt", "0123456789abcdef")


@pytest.fixture
def seen(settings: Settings, database: Database, site_keys: SiteKeys) -> Callable[..., Picture]:
    """`seen(public_url)` is the picture from inside, where this is how browsers reach the gateway."""

    def seen(public_url: str = "https://m.example.com", **changes: Any) -> Picture:
        chosen = settings.model_copy(update={"public_url": public_url, **changes})
        tokens = database.read_now(standing.standing, now=utcnow(), zone=chosen.zone)
        return database.read_now(look, chosen, public_url, keys(), tokens)

    return seen


def said(picture: Picture, check: str) -> str:
    """What is said of it, good or bad, in English."""
    return " ".join(f"{one.grade}: {one.said('en')}" for one in examine(picture) if one.check == check)


def test_accounts_sites_and_keys_are_seen(seen: Callable[..., Picture], database: Database) -> None:
    picture = seen()

    assert [account.name for account in picture.accounts_on] == ["tea"]
    assert [site.name for site in picture.sites_on] == ["clinic", "shop"]
    assert picture.store.key_ids == picture.store.needed_key_ids
    assert abs(picture.store.skew) < timedelta(minutes=1)
    assert picture.store.free_bytes > 0


def test_a_lost_key_is_seen(seen: Callable[..., Picture], database: Database) -> None:
    database.write_now(lambda session: house.keep_keys(session.connection(), {"0badc0de"}))

    assert "0badc0de" in said(seen(), "keys")


def test_whoever_administers_is_counted_while_switched_on(
    seen: Callable[..., Picture], store: Callable[[Callable[[], Any]], Any]
) -> None:
    store(lambda: StaffFactory(role="admin", disabled=True))
    nobody = seen().store.admins
    store(lambda: StaffFactory(role="admin"))

    assert (nobody, seen().store.admins) == (0, 1)


@on_postgresql
def test_a_database_that_confirms_before_it_has_stored_is_named(
    settings: Settings, site_keys: SiteKeys, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        named = sql.Identifier(str(connection.info.dbname))
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(named))
    # Connections that are open already go on as before.
    database = Database(database_url)
    try:
        tokens = database.read_now(standing.standing, now=utcnow(), zone=settings.zone)
        picture = database.read_now(look, settings, "https://m.example.com", keys(), tokens)
    finally:
        database.close()

    assert said(picture, "durability").startswith("fatal: PostgreSQL's synchronous_commit is off")


def test_visitors_who_all_come_from_a_proxy_are_seen(
    seen: Callable[..., Picture], store: Callable[[Callable[[], Any]], Any]
) -> None:
    store(lambda: AttemptFactory.create_batch(20, ip="10.0.0.5"))

    assert "all come from 10.0.0.5" in said(seen(), "trusted-proxies")


def test_jobs_that_failed_or_hang_are_seen(
    seen: Callable[..., Picture], store: Callable[[Callable[[], Any]], Any]
) -> None:
    store(lambda: JobRunFactory(name="purge", error="OperationalError"))
    store(lambda: JobRunFactory(name="sweep", ended_at=utcnow() - timedelta(days=2)))

    told = said(seen(), "jobs")

    assert "The job purge failed when it ran last." in told
    assert "The job sweep has not run for too long." in told


def test_the_end_of_a_verification_is_seen_by_the_day_that_was_entered(
    seen: Callable[..., Picture], database: Database
) -> None:
    day = day_of(utcnow(), ZoneInfo("Asia/Shanghai"))
    told = []

    for left in (40, 30, 7, -1):
        database.write_now(accounts.change, "tea", verified_until=str(day + left * DAY), actor="test")
        told.append(said(seen(), "verification").partition(":")[0])

    assert told == ["fine", "attention", "fatal", "fatal"]


@on_sqlite
def test_files_that_others_may_read_are_named(seen: Callable[..., Picture], tmp_path: Path) -> None:
    key_file = tmp_path / "secret_keys"
    key_file.write_text("k")
    key_file.chmod(0o644)
    open_ones = seen().store.readable
    key_file.chmod(0o600)

    assert str(key_file) in open_ones
    assert str(key_file) not in seen().store.readable


def test_files_of_exports_that_another_host_keeps_are_missed(
    seen: Callable[..., Picture], store: Callable[[Callable[[], Any]], Any], settings: Settings
) -> None:
    here, elsewhere = (store(lambda: ExportFactory(done=True)) for _ in range(2))
    store(lambda: ExportFactory(done=True, deleted_at=utcnow()))
    kept = settings.exports_dir / f"{here.id}-{here.attempt}"
    kept.mkdir(parents=True)
    (kept / "1").write_text("x")

    missed = seen().store.files_elsewhere
    (settings.exports_dir / f"{elsewhere.id}-1").mkdir()
    (settings.exports_dir / f"{elsewhere.id}-1" / "1").write_text("x")

    assert (missed, seen().store.files_elsewhere) == (1, 0)


async def test_from_outside_the_gateway_its_file_and_wechat_are_seen(
    seen: Callable[..., Picture], gateway: str, database: Database
) -> None:
    await database.write(accounts.change, "tea", verify_file=VERIFY, actor="test")

    picture = await look_outside(seen(gateway), database, keys())

    assert said(picture, "reachable").startswith("fine")
    assert said(picture, "app-secret") == "fine: WeChat takes AppID and AppSecret of tea."
    assert said(picture, "ownership-file") == f"fine: {VERIFY[0]} can be had from outside."
    assert said(picture, "clock").startswith("fine")


@pytest.mark.parametrize("errcode", [40013, 40125, 40164, 48001])
@on_sqlite
async def test_what_wechat_has_against_an_account_is_told(
    seen: Callable[..., Picture], gateway: str, database: Database, *, world: World, errcode: int
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=errcode, times=1))

    picture = await look_outside(seen(gateway), database, keys())

    assert said(picture, "app-secret").startswith("fatal")
    assert str(errcode) in said(picture, "app-secret")


@on_sqlite
async def test_an_app_secret_that_does_not_open_is_told_apart(
    seen: Callable[..., Picture], gateway: str, database: Database
) -> None:
    picture = await look_outside(seen(gateway), database, KeyRing(["a key that nothing here was sealed under"]))

    assert "does not open" in said(picture, "app-secret")


@on_sqlite
async def test_an_address_where_nobody_is_and_one_of_somebody_else_are_told_apart(
    seen: Callable[..., Picture], gateway: str, database: Database, wechat_url: str
) -> None:
    nobody = await look_outside(seen(f"http://127.0.0.1:{unused_port()}"), database, keys())
    another = await look_outside(seen(wechat_url), database, keys())

    assert "cannot be reached" in said(nobody, "reachable")
    assert "something else is there" in said(another, "reachable")


@pytest.fixture
async def self_signed(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


@on_sqlite
async def test_a_certificate_that_nobody_vouches_for_is_told(
    seen: Callable[..., Picture], database: Database, self_signed: str
) -> None:
    picture = await look_outside(seen(self_signed), database, keys())

    assert "is not taken" in said(picture, "certificate")


@on_sqlite
async def test_accounts_without_a_secret_and_sample_data_are_not_asked_about(
    seen: Callable[..., Picture], gateway: str, database: Database, world: World
) -> None:
    def forget(session: Session) -> None:
        accounts.find(session, "tea").secret_sealed = None

    await database.write(forget)

    picture = await look_outside(seen(gateway), database, keys())

    assert "has no AppSecret" in said(picture, "app-secret")
    assert list(world.calls.since(0, "exchange")) == []


@on_sqlite
def test_nothing_is_asked_while_looking_from_inside(seen: Callable[..., Picture], world: World) -> None:
    picture = seen()

    assert picture.outside is None
    assert said(replace(picture, outside=None), "reachable") == ""
    assert list(world.calls.since(0)) == []
