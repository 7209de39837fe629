"""What most commands begin with: settings, the database at the right schema, the keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wxadmin import kept_secrets, settings
from wxadmin.database import Database, schema
from wxadmin.security.keys import KeyRing
from wxadmin.services import house
from wxadmin.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    database: Database
    keys: KeyRing


@contextmanager
def opened(*, keys_may_be_missing: bool = False) -> Iterator[House]:
    """The installation that the environment names. The SQLite default is made and migrated when it is not there. Raises
    KeyMissing where a needed key is not in WXADMIN_SECRET_KEYS, unless that is what the command is about."""
    loaded = settings.load()
    if loaded.is_default_database:
        schema.migrate(loaded.database)
    database = Database(loaded.database)
    try:
        schema.require_current(database.reader)
        keys = KeyRing(kept_secrets.secret_keys(loaded, may_make=not database.read_now(house.is_sealed)))
        if not keys_may_be_missing:
            database.write_now(house.require_keys, keys.ids)
        yield House(loaded, database, keys)
    finally:
        database.close()
