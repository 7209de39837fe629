"""What the doctor last saw from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import ONLY_LOOK, OutsideLook


@dataclass(frozen=True, slots=True)
class Look:
    """Plain values, which doctor/remembering.py reads."""

    at: datetime
    seen: Mapping[str, Any]


def last(session: Session) -> Look | None:
    """None where nobody has had it look."""
    row = session.execute(select(OutsideLook.at, OutsideLook.seen).where(OutsideLook.id == ONLY_LOOK)).first()
    return Look(*row) if row else None
