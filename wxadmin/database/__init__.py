"""The database: engines, transactions in worker threads, set-based statements. Dialect differences live here."""

from wxadmin.database.access import Database

__all__ = ["Database"]
