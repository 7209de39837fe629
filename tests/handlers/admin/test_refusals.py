"""What staff are told when a page cannot be shown."""

import pytest

from tests.databases import on_sqlite
from tests.handlers.admin.conftest import SignIn
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable


@on_sqlite
@pytest.mark.parametrize(("lang", "again"), [("en", "Try again"), ("zh_CN", "重试")])
async def test_a_database_that_is_gone_is_a_page_that_leads_back_to_where_one_was(
    staff: SignIn, monkeypatch: pytest.MonkeyPatch, lang: str, again: str
) -> None:
    ada = staff("admin")

    async def gone(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(Database, "read", gone)
    refused = await ada.get("/admin/users?scope=silent", lang=lang)
    posted = await ada.post("/admin/new/site", {"name": "bar"}, lang=lang)

    assert (refused.status_code, posted.status_code) == (503, 503)
    assert int(refused.headers["Retry-After"]) > 0
    assert f'href="/admin/users?scope=silent">{again}<' in refused.text
    assert again not in posted.text
