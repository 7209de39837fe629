"""The page of definitions, with an entry for each number of the dashboard."""

from wxadmin.handlers.admin.definitions.page import ALL, Definitions

__all__ = ["ALL", "Definitions"]
