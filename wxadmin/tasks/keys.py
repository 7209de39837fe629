"""Work on everything that is sealed, in short transactions while everything serves; broken off, it is begun again."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import SealBroken
from wxadmin.ids import draw_rare
from wxadmin.models.sealed import SEALED_KINDS, SealedKind
from wxadmin.queries import keys as queries
from wxadmin.queries.keys import Loss, SealedRow, Window
from wxadmin.security.keys import KeyRing
from wxadmin.services import audit
from wxadmin.services import keys as services
from wxadmin.services.keys import Resealed

Progress = Callable[[str, float], None]
"""Told what is being worked on, and the share of it that is done, from 0 to 1."""

# Few enough that no login waits long for the transaction that stores them.
_AT_A_TIME = 500
# Rows that a login or a refresh came before are sealed under the first key by that, unless its settings are old ones.
_WALKS = 3


@dataclass(slots=True)
class Rotation:
    """What a rotation did: rows by kind that it sealed anew, rows that do not open though their key is there, keys that
    nothing needs any more, and keys that are still needed."""

    resealed: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    retired: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)


def rotate(database: Database, keys: KeyRing, *, actor: str, progress: Progress) -> Rotation:
    """Seals everything under the first key, and takes the others off the list of keys in use where nothing needs them.
    Raises KeysDiffer where a process that serves would not do with the first key, DatabaseUnavailable."""
    database.read_now(queries.require_agreement, keys.sealing_id, now=utcnow())
    rotation = Rotation()
    for _ in range(_WALKS):
        resealed = rotation.resealed.total()
        _walk(database, keys, rotation, progress)
        others = database.read_now(services.others, keys.sealing_id)
        retired = [key for key in others if _retired(database, key)]
        rotation.retired += retired
        rotation.needed = [key for key in others if key not in retired]
        if not rotation.needed or rotation.resealed.total() == resealed:
            break
    if rotation.resealed or rotation.retired:
        told = {"resealed": rotation.resealed.total(), "retired": rotation.retired}
        database.write_now(audit.record, actor, "keys_rotated", keys.sealing_id, **told)
    return rotation


def forget(database: Database, key: str, loss: Loss, *, actor: str, progress: Progress) -> Counter[str]:
    """Gives up what only this key opens, and takes it off the list of keys in use; returns how many rows of each kind.
    Raises KeyStillNeeded where a process that serves has the key, DatabaseUnavailable."""
    database.read_now(queries.require_nowhere, key, now=utcnow())
    # On record before anything is gone; broken off and begun again, it is so with what was left.
    told = {"accounts": list(loss.accounts), "explicit": loss.explicit, "silent": loss.silent}
    database.write_now(audit.record, actor, "key_forgotten", key, **told)
    given_up: Counter[str] = Counter()
    for kind in SEALED_KINDS:
        for window in _windows(database, kind, progress):
            given_up[kind.name] += database.write_now(services.give_up, kind, key, window)
    _retired(database, key)
    return given_up


def _walk(database: Database, keys: KeyRing, rotation: Rotation, progress: Progress) -> None:
    """Seals anew what is not sealed under the first key, once over all rows."""
    rotation.broken.clear()
    for kind in SEALED_KINDS:
        for window in _windows(database, kind, progress):
            rows = database.read_now(queries.not_under, kind, keys.sealing_id, window)
            changed = list(_resealed(keys, kind, rows))
            rotation.broken[kind.name] += len(rows) - len(changed)
            if changed:
                rotation.resealed[kind.name] += database.write_now(services.store, kind, changed)


def _resealed(keys: KeyRing, kind: SealedKind, rows: list[SealedRow]) -> Iterator[Resealed]:
    for row in rows:
        try:
            yield services.resealed(keys, kind, row)
        except SealBroken:
            # It is counted, and its key stays.
            continue


def _windows(database: Database, kind: SealedKind, progress: Progress) -> Iterator[Window]:
    """All rows of the kind, a few at a time."""
    total = max(1, database.read_now(queries.size, kind))
    after: int | None = -1
    done = 0
    while after is not None:
        progress(kind.name, min(1.0, done / total))
        window = database.read_now(queries.window, kind, after=after, size=_AT_A_TIME)
        yield window
        after, done = window.last, done + _AT_A_TIME
    progress(kind.name, 1.0)


def _retired(database: Database, key: str) -> bool:
    """Takes the key off the list of keys in use, unless something is sealed under it."""
    mark = database.write_now(services.mark_leaving, key, by=draw_rare())
    if mark is None:
        return True
    # Looked for without a lock: whoever seals under the key from now on takes the mark away.
    if database.long_reads.read_now(queries.is_needed, key):
        return False
    return database.write_now(services.take_off, key, by=mark)
