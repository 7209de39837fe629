"""For load balancers and Prometheus: /healthz, /readyz, /metrics."""

import hmac
from http import HTTPStatus

from wxadmin import metrics
from wxadmin.database import schema
from wxadmin.errors import DatabaseUnavailable
from wxadmin.handlers.api import ApiHandler, Problem
from wxadmin.handlers.arrival import answer_probe
from wxadmin.queries import house
from wxadmin.settings import metrics_folder


class Health(ApiHandler):
    """The process is alive."""

    def get(self) -> None:
        answer_probe(self)
        self.finish({"status": "ok"})

    def head(self) -> None:
        self.set_status(HTTPStatus.OK)


class Ready(ApiHandler):
    """The process can serve: the database is reached and has the schema that this version needs."""

    async def get(self) -> None:
        try:
            current = await self.gateway.database.read(house.schema_revision)
        except DatabaseUnavailable:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the database cannot be reached") from None
        if current != schema.newest_revision():
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the schema is not current: run `wxadmin migrate`")
        self.finish({"status": "ready"})


class Metrics(ApiHandler):
    """Prometheus text, for whoever has the metrics token."""

    async def get(self) -> None:
        given = self.bearer() or ""
        if not hmac.compare_digest(given.encode(), self.front.metrics_token.encode()):
            raise Problem(HTTPStatus.UNAUTHORIZED, "send the metrics token as `Authorization: Bearer <token>`")
        readings = await self.gateway.database.read(house.readings)
        self.set_header("Content-Type", metrics.CONTENT_TYPE)
        self.finish(metrics.text(metrics_folder(), readings))
