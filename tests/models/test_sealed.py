"""Whatever is kept sealed is declared, or a rotation of keys would leave it behind."""

from wxadmin.models import Base
from wxadmin.models.sealed import SEALED_KINDS


def test_every_sealed_column_is_of_a_kind() -> None:
    columns = {str(column) for table in Base.metadata.tables.values() for column in table.c}

    declared = {str(value.property.columns[0]) for kind in SEALED_KINDS for value in kind.values}

    assert declared == {column for column in columns if column.endswith("_sealed")}


def test_a_row_of_each_kind_can_do_without_its_values() -> None:
    left = {kind.name: set(kind.without) - set(kind.id.class_.__table__.c.keys()) for kind in SEALED_KINDS}
    emptied = {kind.name: {value.key for value in kind.values} <= set(kind.without) for kind in SEALED_KINDS}

    assert left == {kind.name: set() for kind in SEALED_KINDS}
    assert all(emptied.values())
