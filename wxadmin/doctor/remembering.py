"""What was seen from outside as plain values, so that every process can show what one of them has seen."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wxadmin.doctor.picture import Outside

_OUTSIDE = TypeAdapter(Outside)


def plain(outside: Outside) -> dict[str, Any]:
    """As JSON can hold it."""
    values: dict[str, Any] = _OUTSIDE.dump_python(outside, mode="json")
    return values


def read(values: Mapping[str, Any]) -> Outside | None:
    """What was seen; None where another version of the program has put it down otherwise."""
    try:
        return _OUTSIDE.validate_python(dict(values))
    except ValidationError:
        return None
