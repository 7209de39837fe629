"""核对文件: whose a file is, and whether it is still what its export made."""

import asyncio
import re

from wxadmin.errors import BadValue
from wxadmin.exporting import recognising
from wxadmin.exporting.comparing import Finding, Held
from wxadmin.exporting.fingerprints import BLOCK_DIGITS
from wxadmin.exporting.recognising import Recognised
from wxadmin.handlers.admin.export_words import FINDINGS
from wxadmin.handlers.admin.exports import ExportHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.i18n import msgid

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_BLOCKS = re.compile(rf"([0-9a-f]{{{BLOCK_DIGITS}}})*")


class ExportVerify(FormHandler, ExportHandler):
    """The script of the page reckons what tells a file from another, which never leaves the browser; without it, the
    SHA-256 that any system can reckon is pasted."""

    async def get(self) -> None:
        self._show(None, is_asked=False)

    async def save(self) -> None:
        if self.entered("tree"):
            held = self._held()
            found = await self.gateway.database.read(recognising.by_print, held)
            if found:
                found = await asyncio.to_thread(recognising.settled, found, held, self.front.storage)
        else:
            sha256 = self.entered("sha256").strip().lower()
            if not sha256:
                raise BadValue(msgid("Choose a file, or paste its SHA-256."), field="sha256")
            if not _SHA256.fullmatch(sha256):
                raise BadValue(msgid("a SHA-256 has 64 signs of 0-9 and a-f"), field="sha256")
            found = await self.gateway.database.read(recognising.by_sha256, bytes.fromhex(sha256))
        self._show(found, is_asked=True)

    def _held(self) -> Held:
        numbers = {name: self.entered(name) for name in ("size", "lines", "records")}
        prints = {name: self.entered(name) for name in ("tree", "head")}
        blocks = self.entered("blocks")
        is_one = all(_NUMBER.fullmatch(one) for one in numbers.values())
        is_one = is_one and all(_SHA256.fullmatch(one) for one in prints.values())
        if not is_one or not _BLOCKS.fullmatch(blocks):
            raise BadValue(msgid("this is not what the page reckons of a file: choose the file again"), field="sha256")
        return Held(
            name=self.entered("name"),
            size=int(numbers["size"]),
            tree=bytes.fromhex(prints["tree"]),
            head=bytes.fromhex(prints["head"]),
            blocks=blocks,
            lines=int(numbers["lines"]),
            records=int(numbers["records"]),
        )

    def _show(self, found: Recognised | None, *, is_asked: bool) -> None:
        self.show(
            "exports/verify.html",
            found=found,
            is_asked=is_asked,
            name=self.get_body_argument("name", ""),
            finding=FINDINGS[found.finding] if found else None,
            is_whole=found is not None and found.finding is Finding.WHOLE,
            words_for=self.words_for,
        )
