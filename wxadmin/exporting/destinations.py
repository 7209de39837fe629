"""What the places where lists of people go want of a file."""

from dataclasses import dataclass

from wxadmin.exporting.subjects.users import COLUMNS
from wxadmin.models import Destination, Format

MASS_SEND_AT_ONCE = 10_000
"""openids that WeChat takes for one message to many."""

TAGGED_AT_ONCE = 50
LARGEST_PACKAGE = 100_000_000
"""Bytes of one file that 腾讯广告 takes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`format` and `columns` are None where they are chosen. `ending` is the file name's."""

    format: Format | None
    columns: tuple[str, ...] | None
    ending: str | None = None


ENDINGS = {
    Format.XLSX: "xlsx",
    Format.CSV_EXCEL: "csv",
    Format.CSV: "csv",
    Format.JSONL: "jsonl",
    Format.OPENIDS: "txt",
}
_OPENIDS = ("openid",)
SHAPES = {
    Destination.WECHAT_PAY: Shape(Format.OPENIDS, _OPENIDS, "csv"),
    Destination.TENCENT_ADS: Shape(Format.OPENIDS, _OPENIDS, "zip"),
    Destination.MASS_SEND: Shape(Format.OPENIDS, _OPENIDS, "txt"),
    Destination.TAGGING: Shape(Format.OPENIDS, _OPENIDS, "txt"),
    Destination.CRM: Shape(Format.XLSX, tuple(COLUMNS)),
    Destination.OTHER: Shape(None, None),
}


def ending(destination: Destination, chosen: Format) -> str:
    """What the file's name ends with."""
    return SHAPES[destination].ending or ENDINGS[chosen]
