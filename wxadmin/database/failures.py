"""What a failed statement means: try the same again, give up for now, or a bad row."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from wxadmin.errors import DatabaseUnavailable

# PostgreSQL: serialization failure, deadlock.
_TRY_AGAIN = {"40001", "40P01"}
# PostgreSQL: connection exceptions, insufficient resources (full disk, memory, connections), operator intervention,
# system errors, lock not available, read-only transaction (a standby).
_UNAVAILABLE_CLASSES = {"08", "53", "57", "58"}
_UNAVAILABLE = {"55P03", "25006"}
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def should_try_again(error: BaseException) -> bool:
    """Whether the same transaction may well succeed at once: another one was in its way."""
    return isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) in _TRY_AGAIN


def is_unavailable(error: BaseException) -> bool:
    """Whether the database as a whole is locked, gone or full, so that no row is to blame."""
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_UNAVAILABLE
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:
        # psycopg gives no SQLSTATE when it is the connection that broke.
        return isinstance(error, (exc.OperationalError, exc.InterfaceError))
    return sqlstate[:2] in _UNAVAILABLE_CLASSES or sqlstate in _UNAVAILABLE


def unavailable(error: Exception) -> DatabaseUnavailable:
    """What is said of it, in the database's own words: they name no row, and tell an operator what to mend."""
    words = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return DatabaseUnavailable(f"the database cannot be used now: {words}")


@contextmanager
def translated() -> Iterator[None]:
    """Turns an unavailable database into DatabaseUnavailable; every other error passes."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError) as error:
        if is_unavailable(error):
            raise unavailable(error) from error
        raise
