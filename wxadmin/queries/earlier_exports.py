"""Exports that a later one can tell the changes since: finished, of the same segment or filters, and known by whom they
held."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Export, ExportState

_LOOKED_AT = 500
# The dialog adds these; whoever is in the file all the same is the same person.
_ADDED_BY_EXPORTS = {"account", "contact"}


def newest(session: Session, given: Mapping[str, str], segment_id: int | None, *, limit: int = 50) -> Sequence[Export]:
    """Of the segment, if there is one, else of the same filters."""
    query = select(Export).where(Export.state == ExportState.DONE, Export.change_no.is_not(None))
    if segment_id is not None:
        query = query.where(Export.segment_id == segment_id)
    found = session.scalars(query.order_by(Export.id.desc()).limit(_LOOKED_AT))
    return [one for one in found if is_of(one, given, segment_id)][:limit]


def is_of(export: Export, given: Mapping[str, str], segment_id: int | None) -> bool:
    """Whether it was of the segment, or of the same filters where none is meant."""
    if segment_id is not None:
        return export.segment_id == segment_id
    return _compared(json.loads(export.filters)) == _compared(given) and "q" not in given


def account_of(export: Export) -> str | None:
    """The account that all of its OpenIDs are of; None where it says of each which it is."""
    account: str | None = json.loads(export.filters).get("account")
    return account


def _compared(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in _ADDED_BY_EXPORTS}
