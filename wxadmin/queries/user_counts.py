"""How many users the filters leave, to the last one: looks at all of them, and tells meanwhile how far it is."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.models import User
from wxadmin.queries.masking import Masks
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.user_orders import Sort
from wxadmin.queries.wanted_users import wanted

COUNTED_AT_ONCE = 50_000


@dataclass(slots=True)
class Progress:
    """Through how many users the count has looked. Written by the thread that counts, read by any."""

    looked: int = 0


def exactly(session: Session, filters: UserFilters, zone: ZoneInfo, *, masks: Masks, progress: Progress) -> int:
    """Portion after portion in the order of ids, so that it can be ended between two of them."""
    asked = wanted(session, filters, zone, masks, Sort.FIRST_LOGIN_OLDEST)
    counting = select(func.count()).select_from(User).where(*asked.where)
    if asked.are_few:
        return session.scalar(counting) or 0
    number, begin = 0, -1
    while True:
        ahead = select(User.id).where(User.id > begin).order_by(User.id)
        end = session.scalar(ahead.offset(COUNTED_AT_ONCE - 1).limit(1))
        portion = counting.where(User.id > begin)
        number += session.scalar(portion if end is None else portion.where(User.id <= end)) or 0
        if end is None:
            return number
        begin, progress.looked = end, progress.looked + COUNTED_AT_ONCE
