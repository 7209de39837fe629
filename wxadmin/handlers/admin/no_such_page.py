"""Addresses under /admin that are no page."""

from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.handlers.admin.base import StaffHandler


class NoSuchPage(StaffHandler):
    """Strangers are asked to sign in first, as everywhere: they do not learn which pages there are."""

    def get(self) -> None:
        raise HTTPError(HTTPStatus.NOT_FOUND)
