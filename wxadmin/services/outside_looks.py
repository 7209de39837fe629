"""Keeps what the doctor has seen from outside, for whoever opens the page next, at whichever process."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from wxadmin.models import ONLY_LOOK, OutsideLook


def keep(session: Session, seen: Mapping[str, Any], *, at: datetime) -> None:
    """In the place of what was seen before."""
    look = session.get(OutsideLook, ONLY_LOOK, with_for_update=True)
    if look is None:
        look = OutsideLook(id=ONLY_LOOK)
        session.add(look)
    look.at, look.seen = at, dict(seen)
