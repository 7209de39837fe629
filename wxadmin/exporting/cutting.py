"""Portions of lines, cut where a file, a sheet or a line of many has to end."""

from collections.abc import Iterable, Iterator

from wxadmin.database.csv_lines import Portion

Run = tuple[int, Portion]
"""The number of the file or sheet, from 0, and lines of it."""


def by_rows(portions: Iterable[Portion], sizes: Iterable[int], line_end: bytes) -> Iterator[Run]:
    """Runs of so many rows, one after the other; there have to be enough sizes."""
    left = iter(sizes)
    run, room = 0, next(left)
    for portion in portions:
        lines, rows = portion.lines, portion.rows
        while rows > room:
            rest = lines.split(line_end, room)[room]
            yield run, Portion(lines[: len(lines) - len(rest)], room)
            lines, rows = rest, rows - room
            run, room = run + 1, next(left)
        yield run, Portion(lines, rows)
        room -= rows


def by_bytes(portions: Iterable[Portion], largest: int) -> Iterator[Run]:
    """Runs of at most so many bytes, which hold the longest line."""
    run, room = 0, largest
    for portion in portions:
        lines, rows = portion.lines, portion.rows
        while len(lines) > room:
            end = lines.rfind(b"\n", 0, room) + 1
            fitting = lines.count(b"\n", 0, end)
            if fitting:
                yield run, Portion(lines[:end], fitting)
            lines, rows = lines[end:], rows - fitting
            run, room = run + 1, largest
        yield run, Portion(lines, rows)
        room -= len(lines)


def in_lines_of(portions: Iterable[Portion], size: int) -> Iterator[Portion]:
    """Single texts, so many to a line, with commas between them."""
    kept: list[bytes] = []
    for portion in portions:
        kept += portion.lines.splitlines()
        whole = len(kept) // size * size
        lines = [b",".join(kept[at : at + size]) + b"\n" for at in range(0, whole, size)]
        kept = kept[whole:]
        yield Portion(b"".join(lines), whole)
    if kept:
        yield Portion(b",".join(kept) + b"\n", len(kept))


def even(rows: int, at_most: int) -> list[int]:
    """Sizes of as few runs as hold them all, as even as can be: none is left with one where another has many."""
    runs = max(1, -(-rows // at_most))
    least, more = divmod(rows, runs)
    return [least + 1] * more + [least] * (runs - more)
