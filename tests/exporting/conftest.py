"""Files of users, made within the test's session and read back by others."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from wxadmin.exporting import columns
from wxadmin.exporting.making import Made, Plan, Progress, make
from wxadmin.models import Destination, Format
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Kept(io.BytesIO):
    """What was in it when it was closed."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


@dataclass
class Files:
    made: Made
    contents: list[bytes]
    progress: Progress


@pytest.fixture
def export(session: Session) -> Callable[..., Files]:
    """`export(format="csv", columns=["openid"])` makes the files of all users, or of those that `filters` leave."""

    def export(**asked: Any) -> Files:
        plan = Plan(
            filters=UserFilters.read(asked.pop("filters", {})),
            filter_zone=SHANGHAI,
            zone=asked.pop("zone", SHANGHAI),
            masks=asked.pop("masks", CLEAR),
            words=asked.pop("words", str),
            destination=Destination(asked.pop("destination", "other")),
            format=Format(asked.pop("format", "openids")),
            columns=columns.named(asked.pop("columns", ["openid"])),
            **asked,
        )
        opened: list[Kept] = []

        def open_part(number: int) -> Kept:
            assert number == len(opened) + 1
            opened.append(Kept())
            return opened[-1]

        progress = Progress()
        made = make(session, plan, open_part, progress)
        return Files(made, [file.content for file in opened], progress)

    return export
