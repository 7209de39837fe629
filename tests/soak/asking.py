"""One of the staff who looks at all pages of a list, follows its own links, asks the API, and exports, over HTTP."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import openpyxl
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import StaffFactory
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.queries.staff import identity
from wxadmin.services import sessions, staff_keys

_ASKS_EVERY_S = 0.1
# Of a machine that has much else to do.
_PATIENCE_S = 120
KINDS = ("csv_excel", "csv", "xlsx", "jsonl")
_NEXT = re.compile(r'<a rel="next" href="([^"]*)"')


@dataclass
class Asker:
    """An administrator with a browser, and a key for scripts."""

    gateway: str
    http: httpx.AsyncClient
    token: str
    key: str

    async def on_pages(self, path: str, given: Mapping[str, str], row: str) -> list[str]:
        """What each row of the list's pages is known by, all the way along the pages' own links; `row` finds it."""
        found: list[str] = []
        address: str | None = f"{path}?{urlencode(given)}"
        while address:
            answer = await self.http.get(
                self.gateway + address, headers={"Cookie": f"wxadmin_session={self.token}"}, timeout=_PATIENCE_S
            )
            assert answer.status_code == 200, answer.text
            found += re.findall(row, answer.text)
            onward = _NEXT.search(answer.text)
            address = unescape(onward[1]) if onward else None
        return found

    async def by_api(self, path: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
        """All items of the call, page after page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = dict(given) | ({"cursor": cursor} if cursor else {})
            page = await self._asked("GET", f"{path}?{urlencode(asked)}")
            items, cursor = items + page["items"], page["next"]
        return items

    async def exported(self, subject: str, given: Mapping[str, str], kind: str, columns: Sequence[str]) -> list[str]:
        """The first column of the file that a job makes of it."""
        asked = {"subject": subject, "filters": dict(given), "format": kind, "columns": list(columns)}
        told = await self._asked("POST", "/exports", asked | {"destination": "other", "purpose": "customer"})
        while told["state"] in {"waiting", "running"}:
            await asyncio.sleep(_ASKS_EVERY_S)
            told = await self._asked("GET", f"/exports/{told['id']}")
        assert told["state"] == "done", told
        file = await self.http.get(
            f"{self.gateway}/api/v1/exports/{told['id']}/file", headers=self._by_key, timeout=_PATIENCE_S
        )
        found = first_column(kind, file.content)
        assert len(found) == told["rows"]
        return found

    async def _asked(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = f"{self.gateway}/api/v1{path}"
        answer = await self.http.request(method, url, headers=self._by_key, json=body, timeout=_PATIENCE_S)
        assert answer.status_code in {200, 202}, answer.text
        told: dict[str, Any] = answer.json()
        return told

    @property
    def _by_key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def signed_in(database: Database, gateway: str, http: httpx.AsyncClient) -> Asker:
    """Each is somebody of their own: no key is asked too often."""
    return Asker(gateway, http, *database.write_now(_begun))


def _begun(session: Session) -> tuple[str, str]:
    person = factories.stored(session, lambda: StaffFactory(role="admin"))
    token = sessions.begin(session, person.id, name=person.name, now=utcnow(), ip=None, user_agent="test")
    return token, staff_keys.make(session, identity(session, person), "test")


def first_column(kind: str, content: bytes) -> list[str]:
    """Without its heading; of JSON lines the first value."""
    if kind == "xlsx":
        return [cell.value for cell in openpyxl.load_workbook(io.BytesIO(content)).active["A"]][1:]
    text = content.decode("utf-8-sig")
    if kind == "jsonl":
        return [next(iter(json.loads(line).values())) for line in text.splitlines()]
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
