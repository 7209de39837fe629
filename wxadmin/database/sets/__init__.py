"""Set-based statements: many rows in one go, the same for the caller on both databases.

On SQLite a set is an executemany over a prepared statement, which makes no round trip. On PostgreSQL it is one
statement over one JSON text: psycopg's executemany would cost a bind and an execute a row, and its arrays are built
element by element in Python, which took three times as long.

Statements are compiled once, and values are converted here: SQLAlchemy's own way builds the parameters of every row
anew, which took two thirds of the time that a login spent in the store.
"""

from wxadmin.database.sets.changes import SetInsert, SetUpdate
from wxadmin.database.sets.selects import SetSelect

__all__ = ["SetInsert", "SetSelect", "SetUpdate"]
