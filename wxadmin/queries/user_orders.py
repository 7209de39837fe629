"""In which orders users are listed, and how each filter is answered in each of them."""

from enum import StrEnum
from typing import Self

from wxadmin.errors import BadValue
from wxadmin.models import User
from wxadmin.queries.keyset import Order


class Sort(StrEnum):
    """Newest first where it begins with a minus."""

    LAST_LOGIN_NEWEST = "-last_login"
    LAST_LOGIN_OLDEST = "last_login"
    FIRST_LOGIN_NEWEST = "-first_login"
    FIRST_LOGIN_OLDEST = "first_login"

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Raises BadValue."""
        if text and text not in set(cls):
            raise BadValue(f"sort is one of {', '.join(cls)}")
        return cls(text or cls.LAST_LOGIN_NEWEST)

    @property
    def newest_first(self) -> bool:
        return self.value.startswith("-")

    @property
    def turned(self) -> "Sort":
        """The same the other way round."""
        return Sort(self.value[1:] if self.newest_first else f"-{self.value}")

    @property
    def is_by_first_login(self) -> bool:
        return self.value.endswith("first_login")

    @property
    def order(self) -> Order:
        # An id is drawn as its user is stored, at the first login: it rises with that moment, and its index is there
        # already. One of first_seen_at would have to be written at every login on PostgreSQL, where a row that changes
        # an indexed column, as last_login_at, is entered into all indexes anew.
        at = User.first_seen_at if self.is_by_first_login else User.last_login_at
        return Order(at, User.id, newest_first=self.newest_first, by_id=self.is_by_first_login)


class Means(StrEnum):
    """How the users whom a filter names are found: by an index of their own, as a stretch of the order, or by looking
    through users in order and passing over the others, for as long as a page's budget lasts (queries/read_budget.py).
    """

    KEY = "key"
    STRETCH = "stretch"
    LOOK = "look"
