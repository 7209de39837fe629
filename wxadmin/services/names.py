"""The short names and lines that people give accounts, sites and staff, and the check that a name is still free."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.errors import BadValue, Taken
from wxadmin.i18n import msgid

# Where the form's field is not called like the column.
_FIELDS = {"url": "return_urls", "origin": "origins"}
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def slug(text: str) -> str:
    """The text, if it can be a name in commands and URLs. Raises BadValue."""
    if not _SLUG.fullmatch(text):
        refusal = msgid("%(name)r cannot be a name: use up to 63 small letters, digits and hyphens")
        raise BadValue(refusal, field="name", name=text)
    return text


def line(text: str, column: InstrumentedAttribute[Any]) -> str:
    """The text, if it is one line that the column can hold. Raises BadValue."""
    longest = column.type.length
    if not text.isprintable() or len(text) > longest:
        refusal = msgid("the %(column)s must be one line of at most %(longest)d characters")
        raise BadValue(refusal, field=_FIELDS.get(column.key, column.key), column=column.key, longest=longest)
    return text


def require_free(session: Session, column: InstrumentedAttribute[Any], value: str) -> None:
    """Raises Taken where a row has the value already."""
    if session.scalar(select(column).where(column == value).limit(1)) is not None:
        refusal = msgid("there is already one with %(column)s %(value)r: choose another, or change that one")
        raise Taken(refusal, field=column.key, column=column.key, value=value)
