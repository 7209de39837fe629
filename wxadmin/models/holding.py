"""Whom an export held: their ids, in portions, so that it can be compared with later ones and searched for somebody."""

from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id
from wxadmin.models.base import Base


class Holding(StrEnum):
    """Of which set a portion is."""

    # Whoever fitted the filters.
    FITTED = "fitted"
    # Whoever stands in the files, where those are others: an export of changes leaves most out and names who is gone.
    WRITTEN = "written"


class ExportHolding(Base):
    """Users of an export whose ids lie next to each other. An id alone leads to a tombstone when its user is forgotten:
    it is no personal data."""

    __tablename__ = "export_holding"

    export_id: Mapped[int] = mapped_column(Id, ForeignKey("export.id", ondelete="CASCADE"), primary_key=True)
    # Of which attempt of the export's: that of an earlier one may still be here, or come late.
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    first_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(Id)
    people: Mapped[int] = mapped_column()
    # All of them, as exporting/id_sets.py packs them.
    ids: Mapped[bytes] = mapped_column(LargeBinary)
