"""The first page: how today goes."""

from wxadmin.handlers.admin.base import StaffHandler


class Overview(StaffHandler):
    async def get(self) -> None:
        self.show("overview.html")
