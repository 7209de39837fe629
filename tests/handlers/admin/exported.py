"""Exports as staff ask for them by the form, up to their end."""

import asyncio
import re
from typing import Any

import httpx

from tests.handlers.admin.conftest import StaffVisitor

ASKED: dict[str, Any] = {"destination": "other", "format": "csv", "columns": ["openid"], "purpose": "coupons"}
ASKED |= {"zone": "Asia/Shanghai"}


async def made(visitor: StaffVisitor, path: str, fields: dict[str, Any]) -> str:
    """The address of an export that was asked for by the form at the path and has ended."""
    answer = await visitor.post(path, fields)
    assert answer.status_code == 303, re.findall(r'role="alert">([^<]*)', answer.text)
    address: str = answer.headers["Location"]
    while (await visitor.get(f"{address}/progress.json")).json()["is_underway"]:
        await asyncio.sleep(0.05)
    return address


async def file_of_users(visitor: StaffVisitor, query: str = "", **fields: Any) -> httpx.Response:
    """The file of whoever the filters leave: CSV for programs with nothing but openids, unless fields say otherwise."""
    address = await made(visitor, f"/admin/exports/new{query}", ASKED | fields)
    return await visitor.get(f"{address}/file")
