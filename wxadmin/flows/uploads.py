"""What is done to whole uploaded lists: one short transaction after the other, so that logins come in between."""

import asyncio
from dataclasses import dataclass

from wxadmin.errors import TooManyAtOnce
from wxadmin.flows.gateway import Gateway
from wxadmin.queries import uploaded
from wxadmin.services import contact, uploads
from wxadmin.services.uploaded_lines import read, values_of

# Each person who is marked is a row that is written, and a change that is numbered.
_MARKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """As entered. `kind` is empty where it is to be recognised."""

    name: str
    account: str
    kind: str
    data: bytes


async def store(gateway: Gateway, upload: Upload, *, actor: str) -> int:
    """Stores the list and looks up who of it is known; returns its id. Raises BadValue, Taken and NoSuchAccount."""
    database = gateway.database
    lines = await asyncio.to_thread(read, upload.data)
    kind = await database.read(uploads.kind_of, lines, chosen=upload.kind, account=upload.account)
    values = await asyncio.to_thread(values_of, lines.lines, kind)
    list_id = await database.write(uploads.begin, upload.name, kind, values, account=upload.account, actor=actor)
    for portion in uploads.portions(values.values):
        await database.write(uploads.store, list_id, portion)
    await database.write(uploads.ready, list_id, actor=actor)
    await match(gateway, list_id)
    return list_id


async def match(gateway: Gateway, list_id: int) -> bool:
    """Looks up how many of its values are known; whether there was room for that among the long reads. Raises
    NoSuchList."""
    one = await gateway.database.read(uploaded.find, list_id)
    try:
        matched = await gateway.database.long_reads.read(uploaded.matched, one)
    except TooManyAtOnce:
        return False
    await gateway.database.write(uploads.note_matched, list_id, matched)
    return True


async def mark_all(gateway: Gateway, list_id: int, *, blocked: bool, actor: str) -> int:
    """Sets or lifts the mark of everybody whom the list holds; returns how many were changed. Ended half way, it can be
    done again. Raises NoSuchList."""
    database = gateway.database
    one = await database.read(uploaded.find, list_id)
    changed, after = 0, ""
    while True:
        people, last = await database.read(uploaded.portion, one, after=after, size=_MARKED_AT_ONCE)
        if people:
            changed += await database.write(contact.mark_all, people, blocked=blocked, actor=actor, list_id=list_id)
        if last is None:
            return changed
        after = last


async def delete(gateway: Gateway, list_id: int, *, actor: str) -> None:
    """Raises NoSuchList."""
    await gateway.database.write(uploads.withdraw, list_id, actor=actor)
    await clear(gateway, list_id)


async def clear(gateway: Gateway, list_id: int) -> None:
    """Deletes what is left of a list that nobody sees any more."""
    while await gateway.database.write(uploads.delete_some, list_id):
        pass
