"""Secrets that the program makes for itself once and keeps in the data directory, readable by its owner only."""

import os
import secrets
from pathlib import Path

from wxadmin.errors import SettingsRefused
from wxadmin.security.keys import MINIMUM_LENGTH
from wxadmin.settings import Settings

KEY_FILE = "secret_keys"
METRICS_FILE = "metrics_token"


def secret_keys(settings: Settings, *, may_make: bool = True) -> list[str]:
    """WXADMIN_SECRET_KEYS; on SQLite else the key that is kept in the data directory. `may_make` is false where the
    database is sealed already: a new key would look like the right one, and open nothing."""
    if settings.secret_keys:
        return settings.secret_keys
    if not settings.database.startswith("sqlite"):
        raise SettingsRefused(
            "WXADMIN_SECRET_KEYS must be set with PostgreSQL, the same on every host: "
            "make one with `openssl rand -hex 32`"
        )
    path = settings.data_dir / KEY_FILE
    if not (may_make or path.exists()):
        raise SettingsRefused(
            f"{path} is missing, and the database is sealed: restore it from a backup, or set WXADMIN_SECRET_KEYS"
        )
    return [_kept(path)]


def metrics_token(settings: Settings) -> str:
    """WXADMIN_METRICS_TOKEN, else the one that is kept in the data directory."""
    return settings.metrics_token or _kept(settings.data_dir / METRICS_FILE)


def _kept(path: Path) -> str:
    """The file's content; made if it is not there, by exactly one of several that start at once."""
    if not path.exists():
        _make(path)
    kept = path.read_text().strip()
    if len(kept) < MINIMUM_LENGTH:
        # An empty one would seal under a key that everybody knows, and open /metrics to those who send no token.
        raise SettingsRefused(f"{path} is empty or cut off: restore it from a backup, or delete it if nothing needs it")
    return kept


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not named after the process: in a container the one that starts after a crash has the same number.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link is made whole or not at all, and never replaces what is there.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The name must last as long as what is sealed under the key."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
