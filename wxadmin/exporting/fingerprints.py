"""What tells one file from another, and a whole one from its beginning: reckoned as it is written, or read again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

BLOCK = 1024 * 1024
HEAD = 4096
BLOCK_DIGITS = 16
"""So many hexadecimal digits are kept of each block's SHA-256."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`head` is the SHA-256 of the first bytes, `tree` that of the blocks' SHA-256s, one after the other; `blocks`
    has the beginnings of these as hexadecimal digits."""

    size: int
    sha256: bytes
    tree: bytes
    head: bytes
    blocks: str


class Fingerprinting:
    """Takes a file's bytes in order."""

    def __init__(self) -> None:
        self._size = 0
        self._whole = hashlib.sha256()
        self._head = hashlib.sha256()
        self._tree = hashlib.sha256()
        self._block = hashlib.sha256()
        self._blocks: list[str] = []

    def update(self, data: bytes) -> None:
        self._whole.update(data)
        if self._size < HEAD:
            self._head.update(data[: HEAD - self._size])
        view = memoryview(data)
        while view:
            piece = view[: BLOCK - self._size % BLOCK]
            self._block.update(piece)
            self._size += len(piece)
            if self._size % BLOCK == 0:
                self._end_block()
            view = view[len(piece) :]

    def end(self) -> Fingerprint:
        if self._size % BLOCK:
            self._end_block()
        return Fingerprint(
            self._size, self._whole.digest(), self._tree.digest(), self._head.digest(), "".join(self._blocks)
        )

    def _end_block(self) -> None:
        digest = self._block.digest()
        self._tree.update(digest)
        self._blocks.append(digest.hex()[:BLOCK_DIGITS])
        self._block = hashlib.sha256()


def taken(pieces: Iterable[bytes]) -> Fingerprint:
    """Of a file that is there, in pieces."""
    taking = Fingerprinting()
    for piece in pieces:
        taking.update(piece)
    return taking.end()
