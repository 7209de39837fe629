"""A file that somebody holds, against what the receipt says: whole, cut, longer or changed, and how much is missing."""

from pathlib import Path

import pytest

from wxadmin.exporting import names, recognising
from wxadmin.exporting.comparing import Finding, compared, rows_short
from wxadmin.exporting.fingerprints import BLOCK, taken
from wxadmin.models import Export, ExportPart

LINE = b'o%027d,"a\nb"\n'
WHOLE = b"openid,nickname\n" + b"".join(LINE % number for number in range(3 * BLOCK // len(LINE % 0)))
ROWS = (len(WHOLE) - 16) // len(LINE % 0)
SMALL = WHOLE[:2000]


def part_of(content: bytes) -> ExportPart:
    found = taken([content])
    return ExportPart(
        name="users.csv",
        rows=ROWS,
        size=found.size,
        sha256=found.sha256,
        tree=found.tree,
        head=found.head,
        blocks=found.blocks,
    )


@pytest.mark.parametrize(
    ("whole", "held", "finding"),
    [
        (WHOLE, WHOLE, Finding.WHOLE),
        (WHOLE, WHOLE[:-1], Finding.CUT),
        (WHOLE, WHOLE[: BLOCK + 5], Finding.CUT),
        (WHOLE, WHOLE[:5000], Finding.CUT),
        (WHOLE, WHOLE[:4000], Finding.SHORTER),
        (WHOLE, b"", Finding.SHORTER),
        (WHOLE, WHOLE + b"x", Finding.LONGER),
        (WHOLE, b"x" + WHOLE[1:], Finding.CHANGED),
        (WHOLE, WHOLE[: BLOCK - 5] + b"x" + WHOLE[BLOCK - 4 : -9], Finding.CHANGED),
        (WHOLE, WHOLE[:-1] + b"x", Finding.CHANGED),
        (SMALL, SMALL[:-1], Finding.SHORTER),
        (SMALL, SMALL + b"x", Finding.CHANGED),
    ],
)
def test_by_the_receipt_alone_a_file_is_known_to_a_block(
    tmp_path: Path, whole: bytes, held: bytes, finding: Finding
) -> None:
    file = tmp_path / "held.csv"
    file.write_bytes(held)

    found = compared(part_of(whole), recognising.held(file))

    assert found is finding


def test_rows_are_counted_outside_of_quotes(tmp_path: Path) -> None:
    file = tmp_path / "held.csv"
    file.write_bytes(WHOLE[: -len(LINE % 0) * 7 - 3])

    missing = rows_short(Export(format="csv", destination="other"), part_of(WHOLE), recognising.held(file))

    assert missing == 8


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("users-20261126-182233-119507788429688832.csv", (119507788429688832, 1)),
        ("mass-send-20261126-182233-119507788429688832-3.txt", (119507788429688832, 3)),
        ("users-20261126-182233-119507788429688832 (2).csv", (119507788429688832, 1)),
        ("users-20261126-182233-119507788429688832(1).xlsx", (119507788429688832, 1)),
        ("users.csv", None),
        ("2026-11-26.csv", None),
    ],
)
def test_a_files_name_tells_its_export(name: str, numbers: tuple[int, int] | None) -> None:
    assert names.numbers_in(name) == numbers
