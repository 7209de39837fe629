"""Exports at the dashboard: chosen, watched, taken whole or in parts, checked, and refused to whoever may not."""

import asyncio
import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from sqlalchemy import update

from tests.databases import on_sqlite
from tests.factories import ExportFactory, ExportPartFactory, UserFactory
from tests.handlers.admin import exported
from wxadmin.clock import utcnow
from wxadmin.database import Database, csv_lines
from wxadmin.exporting.fingerprints import taken
from wxadmin.handlers.files import Span, asked_span
from wxadmin.models import AuditEntry, Export, ExportPart
from wxadmin.settings import Settings

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]
Stored = Callable[[type], Sequence[Any]]
ASKED = {"destination": "other", "format": "csv", "columns": ["openid", "nickname"], "purpose": "coupons"}
ASKED |= {"zone": "Asia/Shanghai", "account": "tea"}


@pytest.fixture
def people(store: Store, gateway: str, database: Database) -> list[Any]:
    """Five of them, at the shop of the account `tea`."""
    shop_id, account_id = database.read_now(_shop)
    return [
        store(partial(UserFactory, account_id=account_id, last_site_id=shop_id, nickname=nickname))
        for nickname in ("小雨", "=1+1", "a,b", "两\n行", "🌧")
    ]


def _shop(session: Any) -> tuple[int, int]:
    from wxadmin.models import Site

    shop = session.query(Site).filter(Site.name == "shop").one()
    return shop.id, shop.account_id


async def made(visitor: Any, query: str = "", **fields: Any) -> str:
    return await exported.made(visitor, f"/admin/exports/new{query}", ASKED | fields)


def actions(stored: Stored, action: str) -> list[dict[str, Any]]:
    return [json.loads(entry.details) for entry in stored(AuditEntry) if entry.action == action]


async def test_what_is_filtered_is_exported_downloaded_and_on_record(
    people: list[Any], store: Store, staff: Staff, stored: Stored
) -> None:
    store(lambda: UserFactory(silent=True))
    lin = staff("marketer")

    dialog = await lin.get("/admin/exports/new?scope=explicit&account=tea")
    address = await made(lin, "?scope=explicit&account=tea", note="双十一")
    page = await lin.get(address)
    file = await lin.get(f"{address}/file")

    assert "5 users" in dialog.text
    assert "43004" in dialog.text
    assert "Done" in page.text
    heading, *rows = csv.reader(io.StringIO(file.text, newline=""))
    assert heading == ["openid", "nickname"]
    assert [row[0] for row in rows] == [user.openid for user in people[::-1]]
    assert hashlib.sha256(file.content).hexdigest() in page.text
    assert file.headers["Content-Length"] == str(len(file.content))
    name = re.search(r'filename="(users-[0-9-]+\.csv)"', file.headers["Content-Disposition"])
    assert name
    assert name[1] in page.text
    [asked] = actions(stored, "export_asked")
    assert asked == {
        "subject": "users",
        "destination": "other",
        "purpose": "coupons",
        "note": "双十一",
        "filters": {"account": "tea", "scope": "explicit"},
    }
    assert actions(stored, "export_downloaded") == [{"part": 1}]


async def test_the_receipt_says_all_of_it_in_words_and_as_json(people: list[Any], staff: Staff, gateway: str) -> None:
    lin = staff("marketer")
    address = await made(lin, "?scope=explicit", columns=["openid", "ref"], zone="UTC", note="双十一")

    page = (await lin.get(address, lang="zh_CN")).text
    receipt = await lin.get(f"{address}/receipt.json", lang="zh_CN")

    told = receipt.json()
    file = await lin.get(f"{address}/file")
    assert told["rows"] == told["files"][0]["rows"] == 5
    assert told["files"][0]["bytes"] == len(file.content)
    assert told["files"][0]["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert told["filters_in_words"] == "服务号：云雾茶铺；已授权范围：手动"
    assert (told["zone"], told["purpose"], told["note"], told["asked_by"]) == ("UTC", "coupons", "双十一", lin.name)
    assert told["masks"] == "marketer"
    assert told["asked_at"] <= told["data_as_of"] <= told["ended_at"]
    for words in ("发券 · 双十一", "市场（脱敏：业务用户号）", "openid、业务用户号", "数据截止", lin.name):
        assert words in page


async def test_the_receipt_is_a_sentence_for_whoever_asks_too(people: list[Any], staff: Staff, store: Store) -> None:
    store(lambda: UserFactory(account_id=people[0].account_id, last_site_id=people[0].last_site_id, blocked=True))
    lin = staff("marketer")

    address = await made(lin, "?scope=explicit")

    in_chinese, in_english = [(await lin.get(address, lang=lang)).text for lang in ("zh_CN", "en")]
    what = "（授权用户），用途：发券。服务号：云雾茶铺；已授权范围：手动；已排除勿扰用户 1 人。"
    assert re.search(rf"{lin.name} 于 [-0-9]+ [:0-9]+ 导出 5 行{what}", in_chinese)
    assert re.search(
        rf"On [-0-9]+ [:0-9]+ {lin.name} exported 5 rows of: Authorized users\. Purpose: Giving out coupons\. "
        r"Service account: 云雾茶铺; Scopes granted: Explicit; people not to be contacted who were left out: 1\.",
        in_english,
    )


async def test_a_page_names_whoever_took_its_files(people: list[Any], staff: Staff) -> None:
    lin, wang = staff("marketer"), staff("operator")
    address = await made(lin, "?scope=explicit")

    before = await wang.get(address)
    await wang.get(f"{address}/file")
    for begin in (0, 4, 9):
        await lin.get(f"{address}/file", headers={"Range": f"bytes={begin}-"})
    await wang.get(f"{address}/file")

    after = await wang.get(address)
    listed = await wang.get("/admin/exports")
    assert "Nobody has downloaded it yet." in before.text
    taken_by = re.findall(r"<li><time[^>]*>[^<]+</time> <b>([^<]+)</b>( <span[^>]*>([^<]+)</span>)?", after.text)
    told = [(name, said) for name, _, said in taken_by]
    assert told == [(wang.name, ""), (lin.name, "went on with it 2 times"), (wang.name, "")]
    assert "Service account: 云雾茶铺; Scopes granted: Explicit" in listed.text


async def test_what_was_searched_for_is_not_kept(people: list[Any], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")

    address = await made(lin, "?q=小雨")

    file = await lin.get(f"{address}/file")
    receipt = (await lin.get(f"{address}/receipt.json")).json()
    assert file.text.splitlines()[1:] == [f"{people[0].openid},小雨"]
    assert receipt["filters"] == {"q": "…", "account": "tea"}
    assert "小雨" not in "".join(export.filters for export in stored(Export))
    assert "小雨" not in "".join(entry.details or "" for entry in stored(AuditEntry))


@pytest.mark.parametrize(
    ("destination", "ending", "first"),
    [
        ("wechat_pay", "csv", lambda openids: "\n".join([*openids, ""])),
        ("mass_send", "txt", lambda openids: "\n".join([*openids, ""])),
        ("tagging", "txt", lambda openids: ",".join(openids) + "\n"),
    ],
)
async def test_a_destination_says_what_the_file_is_like(
    people: list[Any], staff: Staff, destination: str, ending: str, first: Callable[[list[str]], str]
) -> None:
    lin = staff("marketer")

    address = await made(lin, destination=destination)

    file = await lin.get(f"{address}/file")
    assert file.text == first([user.openid for user in people[::-1]])
    name = re.search(r'filename="([^"]+)"', file.headers["Content-Disposition"])
    assert name
    assert re.fullmatch(rf"[a-z-]+-[0-9-]+\.{ending}", name[1])


@on_sqlite
async def test_a_crm_gets_a_workbook_in_the_language_of_whoever_asked(people: list[Any], staff: Staff) -> None:
    lin = staff("operator")
    answer = await lin.post("/admin/exports/new", ASKED | {"destination": "crm"}, lang="zh_CN")
    address = answer.headers["Location"]
    while (await lin.get(f"{address}/progress.json")).json()["is_underway"]:
        await asyncio.sleep(0.05)

    file = await lin.get(f"{address}/file")

    sheet = openpyxl.load_workbook(io.BytesIO(file.content)).active
    heading = [cell.value for cell in next(sheet.iter_rows())]
    assert heading[:4] == ["openid", "unionid", "昵称", "已授权范围"]
    assert "业务用户号" in heading
    assert [cell.value for cell in sheet["C"]][1:] == [user.nickname for user in people[::-1]]


@on_sqlite
async def test_two_accounts_are_never_in_one_list_of_openids(
    people: list[Any], store: Store, staff: Staff, stored: Stored
) -> None:
    other = store(lambda: UserFactory())
    lin = staff("marketer")

    refused = await lin.post("/admin/exports/new", ASKED | {"destination": "wechat_pay", "account": ""})
    without = await lin.post("/admin/exports/new", ASKED | {"account": ""})
    address = await made(lin, account="", columns=["openid", "account"])
    of_site = await made(lin, "?site=shop", account="", destination="wechat_pay")

    assert refused.status_code == without.status_code == 400
    assert "choose one service account: an OpenID means nothing to another" in refused.text
    assert "add the column that says which it is" in without.text
    assert other.openid in (await lin.get(f"{address}/file")).text
    assert other.openid not in (await lin.get(f"{of_site}/file")).text
    assert (await lin.get(f"{of_site}/receipt.json")).json()["filters"] == {"account": "tea", "site": "shop"}


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"destination": "nowhere"}, "choose where the file goes"),
        ({"purpose": ""}, "choose what it is for"),
        ({"purpose": "other"}, "say in the note what it is for"),
        ({"note": "x" * 201}, "the note has at most 200 characters"),
        ({"format": "pdf"}, "choose a format"),
        ({"columns": ["token"]}, "choose among the columns"),
        ({"columns": []}, "choose among the columns"),
        ({"zone": "Mars/Olympus"}, "is no time zone"),
        ({"account": "bar"}, "there is no account"),
    ],
)
async def test_what_cannot_be_exported_is_said_beside_its_field(
    staff: Staff, stored: Stored, fields: dict[str, Any], told: str
) -> None:
    answer = await staff("marketer").post("/admin/exports/new", ASKED | fields)

    assert answer.status_code == 400
    assert told in answer.text
    assert stored(Export) == []


async def test_a_download_goes_on_where_it_was_cut(people: list[Any], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")
    address = await made(lin)
    whole = await lin.get(f"{address}/file")
    tag = whole.headers["ETag"]

    rest = await lin.get(f"{address}/file", headers={"Range": "bytes=10-", "If-Range": tag})
    middle = await lin.get(f"{address}/file/1", headers={"Range": "bytes=3-6"})
    end = await lin.get(f"{address}/file", headers={"Range": "bytes=-4"})
    of_another = await lin.get(f"{address}/file", headers={"Range": "bytes=10-", "If-Range": '"other"'})
    outside = await lin.get(f"{address}/file", headers={"Range": "bytes=100000-"})

    size = len(whole.content)
    assert (rest.status_code, rest.content) == (206, whole.content[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{size - 1}/{size}"
    assert middle.content == whole.content[3:7]
    assert end.content == whole.content[-4:]
    assert (of_another.status_code, of_another.content) == (200, whole.content)
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert {"part": 1, "from_byte": 10} in actions(stored, "export_downloaded")


async def test_head_says_how_long_it_is_and_takes_nothing(people: list[Any], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")
    address = await made(lin)

    head = await lin.http.head(lin.gateway + f"{address}/file", headers={"Cookie": f"wxadmin_session={lin.token}"})

    assert head.status_code == 200
    assert int(head.headers["Content-Length"]) == stored(ExportPart)[0].size
    assert actions(stored, "export_downloaded") == []


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, Span(0, 10)),
        ("bytes=0-", Span(0, 10)),
        ("bytes=2-4", Span(2, 5)),
        ("bytes=2-99", Span(2, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)),
        ("bytes=10-", None),
        ("bytes=5-4", None),
        ("bytes=-0", None),
        ("bytes=0-1,3-4", Span(0, 10)),
        ("lines=1-2", Span(0, 10)),
        ("bytes=-", Span(0, 10)),
    ],
)
def test_ranges_are_read_as_the_standard_says(header: str | None, span: Span | None) -> None:
    assert asked_span(header, 10) == span


@on_sqlite
async def test_one_that_is_not_to_be_kept_goes_after_all_of_it_was_taken(
    people: list[Any], staff: Staff, stored: Stored
) -> None:
    lin = staff("marketer")
    address = await made(lin, delete_after_download="1")
    kept_until = stored(Export)[0].kept_until

    size = stored(ExportPart)[0].size
    await lin.get(f"{address}/file", headers={"Range": f"bytes={size - 1}-"})
    await lin.get(f"{address}/file", headers={"Range": "bytes=0-9"})
    after_parts = stored(Export)[0].kept_until
    await lin.get(f"{address}/file", headers={"Range": "bytes=10-"})
    while stored(Export)[0].kept_until == kept_until:
        await asyncio.sleep(0.02)

    assert after_parts == kept_until
    assert (stored(Export)[0].kept_until - utcnow()).total_seconds() <= 600


@on_sqlite
async def test_one_that_is_kept_stays_when_it_was_taken(people: list[Any], staff: Staff, stored: Stored) -> None:
    lin = staff("marketer")
    address = await made(lin)
    kept_until = stored(Export)[0].kept_until

    await lin.get(f"{address}/file")
    while not stored(ExportPart)[0].sent:
        await asyncio.sleep(0.02)

    assert stored(Export)[0].kept_until == kept_until


@on_sqlite
async def test_a_file_that_is_gone_says_so_and_its_receipt_stays(
    people: list[Any], staff: Staff, stored: Stored, settings: Settings, database: Database
) -> None:
    lin = staff("marketer")
    elsewhere, deleted = await made(lin), await made(lin)
    export = elsewhere.rpartition("/")[2]
    (settings.exports_dir / f"{export}-1" / "1").unlink()
    gone = update(Export).where(Export.id == int(deleted.rpartition("/")[2])).values(deleted_at=utcnow())
    database.write_now(lambda session: session.execute(gone))

    answers = [await lin.get(f"{address}/file") for address in (elsewhere, deleted)]
    page = await lin.get(deleted)

    assert [answer.status_code for answer in answers] == [410, 410]
    assert "have to share the folder" in answers[0].text
    assert "kept as long as was set" in answers[1].text
    assert "a copy can still be checked" in page.text
    assert f'href="{deleted}/file"' not in page.text


@on_sqlite
async def test_nobody_takes_a_file_that_shows_what_is_masked_for_them(
    people: list[Any], staff: Staff, stored: Stored
) -> None:
    ada, lin = staff("admin"), staff("marketer")
    with_refs, without = await made(ada, columns=["openid", "ref"]), await made(ada)

    refused, taken_all_the_same = await lin.get(f"{with_refs}/file"), await lin.get(f"{without}/file")
    page = await lin.get(with_refs)
    of_marketer = await ada.get(f"{await made(lin, columns=['openid', 'ref'])}/file")

    assert refused.status_code == 403
    assert taken_all_the_same.status_code == of_marketer.status_code == 200
    assert "masked for your role" in page.text
    assert f"{with_refs}/file" not in page.text


async def test_it_is_cancelled_while_it_is_written(
    people: list[Any], staff: Staff, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = asyncio.Event()
    loop = asyncio.get_running_loop()
    whole = csv_lines.portions

    def waiting(*args: Any, **kwargs: Any) -> Iterator[csv_lines.Portion]:
        for portion in whole(*args, **kwargs):
            yield portion
            asyncio.run_coroutine_threadsafe(going_on.wait(), loop).result(20)

    monkeypatch.setattr(csv_lines, "portions", waiting)
    lin = staff("marketer")
    answer = await lin.post("/admin/exports/new", ASKED)
    address = answer.headers["Location"]
    while not (await lin.get(f"{address}/progress.json")).json()["max"]:
        await asyncio.sleep(0.05)

    page = await lin.get(address)
    cancelled = await lin.post(f"{address}/cancel")
    await asyncio.sleep(0.2)
    going_on.set()
    while (await lin.get(f"{address}/progress.json")).json()["is_underway"]:
        await asyncio.sleep(0.05)

    assert '<progress class="wide"' in page.text
    assert 'max="5"' in page.text
    assert cancelled.status_code == 303
    assert "Cancelled" in (await lin.get(address)).text
    assert (await lin.get(f"{address}/file")).status_code == 404
    assert stored(ExportPart) == []
    assert len(actions(stored, "export_asked")) == 1
    assert [entry.action for entry in stored(AuditEntry) if entry.action == "export_cancelled"]


@on_sqlite
async def test_somebody_slow_takes_the_whole_file_and_holds_nothing_else_up(
    people: list[Any], staff: Staff, settings: Settings, stored: Stored, database: Database
) -> None:
    lin = staff("marketer")
    address = await made(lin)
    content = bytes(range(256)) * 131_072
    export, part = stored(Export)[0], stored(ExportPart)[0]
    (settings.exports_dir / f"{export.id}-1" / "1").write_bytes(content)
    larger = update(ExportPart).where(ExportPart.export_id == export.id).values(size=len(content))
    database.write_now(lambda session: session.execute(larger))
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(lin.gateway).port, limit=4096)
    asked = f"GET {address}/file HTTP/1.1\r\nHost: x\r\nCookie: wxadmin_session={lin.token}\r\n\r\n"

    writer.write(asked.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    begun = [await reader.readexactly(1000) for _ in range(10)]
    page = await lin.get("/admin/users")
    rest = await reader.readexactly(len(content) - 10_000)

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"".join(begun) + rest == content
    assert page.status_code == 200
    assert part.size < len(content)
    writer.close()


@on_sqlite
async def test_a_whole_file_is_recognised_by_its_hash(people: list[Any], staff: Staff) -> None:
    lin = staff("marketer")
    address = await made(lin, note="双十一")
    digest = hashlib.sha256((await lin.get(f"{address}/file")).content).hexdigest()

    known = await lin.post("/admin/exports/verify", {"sha256": f" {digest.upper()} "})
    unknown = await lin.post("/admin/exports/verify", {"sha256": "0" * 64})
    nonsense = await lin.post("/admin/exports/verify", {"sha256": "hello"})
    nothing = await lin.post("/admin/exports/verify", {"sha256": " "})

    assert "Whole: to the byte what the export made" in known.text
    assert address in known.text
    assert lin.name in known.text
    assert "Found nowhere" in unknown.text
    assert (nonsense.status_code, "a SHA-256 has 64 signs" in nonsense.text) == (400, True)
    assert (nothing.status_code, "Choose a file, or paste its SHA-256." in nothing.text) == (400, True)


def reckoned(content: bytes, name: str) -> dict[str, str]:
    """What the page's script sends of a file."""
    found = taken([content])
    quoted, records = False, 0
    for byte in content:
        quoted ^= byte == ord('"')
        records += byte == ord("\n") and not quoted
    return {
        "name": name,
        "size": str(found.size),
        "tree": found.tree.hex(),
        "head": found.head.hex(),
        "blocks": found.blocks,
        "lines": str(content.count(b"\n")),
        "records": str(records),
    }


@on_sqlite
async def test_a_cut_file_is_told_from_a_changed_one_and_from_a_stranger(
    people: list[Any], staff: Staff, settings: Settings, stored: Stored
) -> None:
    lin = staff("marketer")
    address = await made(lin)
    content = (await lin.get(f"{address}/file")).content
    name = stored(ExportPart)[0].name
    lines = content.split(b"\n")
    cut = content[: content.index(lines[3])]
    changed = content.replace(b"a,b", b"a,c")

    told = {
        what: (await lin.post("/admin/exports/verify", reckoned(held, called))).text
        for what, held, called in [
            ("whole", content, "renamed.csv"),
            ("cut", cut, name.replace(".csv", " (2).csv")),
            ("changed", changed, name),
            ("added", content + b"x\n", name),
            ("stranger", b"x" * 5000, "stranger.csv"),
        ]
    }

    assert "Whole: to the byte" in told["whole"]
    assert "Cut: its end is missing" in told["cut"]
    assert "4 rows are missing" in told["cut"]
    assert "Changed: it is not what" in told["changed"]
    assert "Changed: it is not what" in told["added"]
    assert "Found nowhere" in told["stranger"]
    assert all(address in told[what] for what in ("whole", "cut", "changed", "added"))


@on_sqlite
async def test_the_list_goes_both_ways_without_counting(store: Store, staff: Staff) -> None:
    store(lambda: [ExportFactory(note=f"number {number:03}", state="cancelled") for number in range(120)])
    lin = staff("marketer")

    first = await lin.get("/admin/exports")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older
    second = await lin.get(older[1])
    newer = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert newer
    back = await lin.get(newer[1])

    seen = [re.findall(r"number (\d+)", page.text) for page in (first, second, back)]
    assert seen[0] == [f"{number:03}" for number in range(119, 69, -1)]
    assert seen[1] == [f"{number:03}" for number in range(69, 19, -1)]
    assert seen[2] == seen[0]


@on_sqlite
async def test_support_and_developers_see_no_exports(staff: Staff, store: Store) -> None:
    part = store(lambda: ExportPartFactory())

    for role, sites in (("support", []), ("developer", ["shop"])):
        visitor = staff(role, sites)
        for path in ("", "/new", "/verify", f"/{part.export_id}", f"/{part.export_id}/file"):
            assert (await visitor.get(f"/admin/exports{path}")).status_code == 403
