"""Files of users, made within the test's session and read back by others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from tests.whole_lists import Kept
from wxadmin.clock import utcnow
from wxadmin.exporting import columns
from wxadmin.exporting.making import Made, Plan, Progress, make
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.models import Destination, ExportSubject, Format
from wxadmin.queries.masking import CLEAR

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Files:
    made: Made
    contents: list[bytes]
    progress: Progress


@pytest.fixture
def export(session: Session) -> Callable[..., Files]:
    """`export(format="csv", columns=["openid"])` makes the files of all users, or of those that `filters` leave; of
    another `subject`, of that."""

    def export(**asked: Any) -> Files:
        subject = SUBJECTS[ExportSubject(asked.pop("subject", "users"))]
        plan = Plan(
            subject=subject,
            filters=asked.pop("filters", {}),
            asked_at=utcnow(),
            language=asked.pop("language", "en"),
            filter_zone=SHANGHAI,
            zone=asked.pop("zone", SHANGHAI),
            masks=asked.pop("masks", CLEAR),
            words=asked.pop("words", str),
            destination=Destination(asked.pop("destination", "other")),
            format=Format(asked.pop("format", "openids")),
            columns=columns.named(subject.columns, asked.pop("columns", ["openid"])),
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
