"""The pages of service accounts: what WeChat's console has to be told, and every change by a form."""

from datetime import timedelta

import pytest

from tests import html_tree
from tests.handlers.admin.conftest import SignIn
from tests.running import keys
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Account
from wxadmin.models.sealed import SEALED_KINDS, secret_bound_to
from wxadmin.queries import accounts as queries
from wxadmin.queries.keys import Window
from wxadmin.services import accounts
from wxadmin.services.keys import give_up
from wxadmin.simulator import DEFAULT_APPID, secret_for

NEW = {"name": "coffee", "appid": "wx00112233445566aa", "secret": "0123456789abcdef", "title": "咖啡馆"}
VERIFY_NAME = "MP_verify_0123456789abcdef.txt"


def stored(database: Database, name: str) -> Account:
    return database.write_now(accounts.find, name)


def secret_of(database: Database, name: str) -> str:
    sealed = database.read_now(queries.secret_sealed, name)
    return keys().open(sealed or b"", secret_bound_to(stored(database, name).appid))


async def test_an_account_is_added_and_its_page_says_what_to_enter_in_wechats_console(
    staff: SignIn, database: Database
) -> None:
    ada = staff("admin")

    added = await ada.post("/admin/new/account", NEW)
    page = await ada.get(added.headers["Location"])

    assert (added.status_code, added.headers["Location"]) == (303, "/admin/accounts/coffee")
    assert '<code id="domain">127.0.0.1</code>' in page.text
    assert f'<code id="callback">{ada.gateway}/auth/callback</code>' in page.text
    assert secret_of(database, "coffee") == NEW["secret"]
    assert NEW["secret"] not in page.text


async def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_shown_again(staff: SignIn) -> None:
    ada = staff("admin")

    refused = await ada.post("/admin/new/account", NEW | {"appid": 'gh_"<b>'})
    in_chinese = await ada.post("/admin/new/account", NEW | {"name": "tea"}, lang="zh_CN")

    assert refused.status_code == 400
    assert 'id="appid-fault"' in refused.text
    assert 'aria-describedby="appid-fault"' in refused.text
    assert "gh_&quot;&lt;b&gt;" in refused.text
    assert "<b>" not in refused.text
    assert 'value="咖啡馆"' in refused.text
    assert NEW["secret"] not in refused.text
    assert "请换一个，或修改原有的" in in_chinese.text


async def test_title_refresh_policy_and_ownership_file_are_changed(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    fields = {"title": "云雾", "refresh_policy": "userinfo"}

    changed = await ada.post("/admin/accounts/tea", fields, files={"verify_file": (VERIFY_NAME, b"proof\n")})

    tea = stored(database, "tea")
    assert changed.status_code == 303
    assert (tea.title, tea.refresh_policy) == ("云雾", "userinfo")
    assert (tea.verify_name, tea.verify_body) == (VERIFY_NAME, "proof")


async def test_an_ownership_file_can_be_pasted_and_none_leaves_the_stored_one(
    staff: SignIn, database: Database
) -> None:
    ada = staff("admin")
    fields = {"title": "云雾", "refresh_policy": "all"}

    await ada.post("/admin/accounts/tea", fields | {"verify_name": VERIFY_NAME, "verify_body": "proof"})
    await ada.post("/admin/accounts/tea", fields)

    assert stored(database, "tea").verify_body == "proof"


async def test_the_day_of_verification_is_entered_shown_and_taken_away(staff: SignIn, database: Database) -> None:
    ada, fields = staff("admin"), {"title": "云雾", "refresh_policy": "all"}
    day = str(utcnow().date() + timedelta(days=300))

    await ada.post("/admin/accounts/tea", fields | {"verified_until": day})
    shown = html_tree.read((await ada.get("/admin/accounts/tea")).text)
    refused = await ada.post("/admin/accounts/tea", fields | {"verified_until": "next spring"})
    kept = stored(database, "tea").verified_until
    await ada.post("/admin/accounts/tea", fields | {"verified_until": ""})

    fields_shown = {one.attributes.get("name"): one.attributes.get("value") for one in shown.all("input")}
    assert fields_shown["verified_until"] == day
    assert refused.status_code == 400
    assert html_tree.read(refused.text).by_id("verified_until-fault") is not None
    assert str(kept) == day
    assert stored(database, "tea").verified_until is None


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ((VERIFY_NAME, b"\xff\xfe\x00"), "holds no text"),
        (("notes.txt", b"proof"), "is not the ownership file"),
        ((VERIFY_NAME, b"two\nlines"), "one short line"),
    ],
)
async def test_a_file_that_is_not_wechats_is_refused(
    staff: SignIn, database: Database, file: tuple[str, bytes], problem: str
) -> None:
    ada = staff("admin")
    fields = {"title": "another", "refresh_policy": "all"}

    refused = await ada.post("/admin/accounts/tea", fields, files={"verify_file": file})

    assert refused.status_code == 400
    assert problem in refused.text
    assert stored(database, "tea").title != "another"


async def test_an_appsecret_that_wechat_refuses_replaces_nothing(staff: SignIn, database: Database) -> None:
    ada = staff("admin")

    refused = await ada.post("/admin/accounts/tea/secret", {"secret": "f" * 32})

    assert refused.status_code == 400
    assert "40125" in refused.text
    assert "f" * 32 not in refused.text
    assert secret_of(database, "tea") == secret_for(DEFAULT_APPID)


async def test_an_appsecret_that_wechat_takes_is_stored(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    database.write_now(accounts.replace_secret, keys(), "tea", "f" * 32, actor="test")

    unlike = await ada.post("/admin/accounts/tea/check")
    replaced = await ada.post("/admin/accounts/tea/secret", {"secret": secret_for(DEFAULT_APPID)})
    alike = await ada.post("/admin/accounts/tea/check")

    assert (unlike.status_code, replaced.status_code, alike.status_code) == (400, 303, 200)
    assert "AppID and AppSecret are right" in alike.text
    assert secret_of(database, "tea") == secret_for(DEFAULT_APPID)


async def test_an_account_whose_key_was_forgotten_asks_for_its_appsecret(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    before = [await ada.get(f"/admin/accounts{page}") for page in ("", "/tea")]
    database.write_now(give_up, SEALED_KINDS[0], keys().sealing_id, Window(-1, None))

    listed, shown = [await ada.get(f"/admin/accounts{page}") for page in ("", "/tea")]
    checked = await ada.post("/admin/accounts/tea/check")
    replaced = await ada.post("/admin/accounts/tea/secret", {"secret": secret_for(DEFAULT_APPID)})

    assert not any("No AppSecret" in page.text or "AppSecret is gone" in page.text for page in before)
    assert "No AppSecret" in listed.text
    assert "The AppSecret is gone" in shown.text
    assert (checked.status_code, replaced.status_code) == (400, 303)
    assert "enter it again" in checked.text
    assert secret_of(database, "tea") == secret_for(DEFAULT_APPID)


async def test_switching_off_is_asked_for_first(staff: SignIn, database: Database) -> None:
    ada = staff("admin")

    question = await ada.get("/admin/accounts/tea/disable")
    before = stored(database, "tea").disabled_at
    await ada.post("/admin/accounts/tea/disable")

    assert "2 sites" in question.text
    assert before is None
    assert stored(database, "tea").disabled_at is not None


async def test_what_was_switched_off_can_be_switched_on_again(staff: SignIn, database: Database) -> None:
    ada = staff("admin")
    await ada.post("/admin/accounts/tea/disable")

    off = await ada.get("/admin/accounts/tea")
    question = await ada.get("/admin/accounts/tea/enable")
    answered = await ada.post("/admin/accounts/tea/enable")
    on = await ada.get("/admin/accounts/tea")

    assert "/admin/accounts/tea/enable" in off.text
    assert "Switch tea on?" in question.text
    assert answered.headers["Location"] == "/admin/accounts/tea"
    assert "/admin/accounts/tea/enable" not in on.text
    assert stored(database, "tea").disabled_at is None


@pytest.mark.parametrize("page", ["", "/secret", "/check", "/disable", "/enable"])
async def test_an_account_that_is_not_there_is_a_page_that_says_so(staff: SignIn, page: str) -> None:
    ada = staff("admin")

    shown, posted = await ada.get(f"/admin/accounts/nobody{page}"), await ada.post(f"/admin/accounts/nobody{page}")

    assert (shown.status_code, posted.status_code) == (404, 404)
