"""Kept files over HTTP: whole or in part, byte for byte the same, a little at a time."""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

_SENT_AT_ONCE = 256 * 1024
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Span:
    """From the first byte up to, and without, `end`."""

    start: int
    end: int


def asked_span(header: str | None, size: int) -> Span | None:
    """What a Range header asks for: all where there is none, or none that can be read; None where it lies outside."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return Span(0, size)
    if not found[1]:
        length = min(int(found[2]), size)
        return Span(size - length, size) if length else None
    start = int(found[1])
    end = min(int(found[2]) + 1, size) if found[2] else size
    if start >= size or end <= start:
        return None if size or start else Span(0, 0)
    return Span(start, end)


def span_of(handler: RequestHandler, size: int, tag: str) -> Span | None:
    """What the request wants of a file with this tag, which is another one's beginning where If-Range says so."""
    headers = handler.request.headers
    same = headers.get("If-Range", tag) == tag
    return asked_span(headers.get("Range") if same else None, size)


def announce(handler: RequestHandler, span: Span | None, size: int, tag: str) -> None:
    """Status and headers of the answer; without a span, that there is no such part."""
    handler.set_header("Accept-Ranges", "bytes")
    handler.set_header("ETag", tag)
    if span is None:
        handler.set_status(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        handler.set_header("Content-Range", f"bytes */{size}")
        return
    if (span.start, span.end) != (0, size):
        handler.set_status(HTTPStatus.PARTIAL_CONTENT)
        handler.set_header("Content-Range", f"bytes {span.start}-{span.end - 1}/{size}")
    handler.set_header("Content-Length", str(span.end - span.start))


async def send(handler: RequestHandler, file: IO[bytes], span: Span) -> int:
    """Sends the bytes as fast as they are taken; returns where it came to, which is short of the end where nobody takes
    them any more."""
    at = span.start
    try:
        while at < span.end:
            piece = await asyncio.to_thread(file.read, min(_SENT_AT_ONCE, span.end - at))
            if not piece:
                break
            handler.write(piece)
            await handler.flush()
            at += len(piece)
    except StreamClosedError:
        return at
    return at


async def opened(path: Path, start: int) -> IO[bytes] | None:
    """The file from that byte on; None where it is not there."""

    def open_at() -> IO[bytes]:
        file = path.open("rb")
        file.seek(start)
        return file

    try:
        return await asyncio.to_thread(open_at)
    except OSError:
        return None
