"""The /sns routes: reads the query, adds the latency, writes WeChat's JSON."""

import asyncio
from collections.abc import Mapping

from . import sns
from .calls import Call
from .errmsg import Refused
from .replies import FallibleHandler, Reply, SimulatorHandler, wechat_error, wechat_json


class SnsHandler(FallibleHandler):
    """One /sns call. Errors are HTTP 200 too."""

    async def get(self) -> None:
        if latency := self.world.settings.latency_ms:
            await asyncio.sleep(latency / 1000)
        await super().get()

    def answer(self, call: Call) -> Reply:
        asked = {name: values[-1].decode("utf-8", "replace") for name, values in self.request.query_arguments.items()}
        try:
            fields = self.perform(asked, call)
        except Refused as refused:
            call.errcode = refused.errcode
            return self.refusal(refused.errcode)
        call.errcode = 0
        return wechat_json(fields)

    def perform(self, asked: Mapping[str, str], call: Call) -> sns.Fields:
        """The fields of a success. Raises Refused."""
        raise NotImplementedError

    def refusal(self, errcode: int) -> Reply:
        return wechat_error(errcode, self.world.clock())

    def post(self) -> None:
        self.send(self.refusal(43001))


class ExchangeHandler(SnsHandler):
    endpoint = "exchange"

    def perform(self, asked: Mapping[str, str], call: Call) -> sns.Fields:
        return sns.exchange(self.world, asked, call)


class RefreshHandler(SnsHandler):
    endpoint = "refresh"

    def perform(self, asked: Mapping[str, str], call: Call) -> sns.Fields:
        return sns.refresh(self.world, asked, call)


class UserinfoHandler(SnsHandler):
    endpoint = "userinfo"

    def perform(self, asked: Mapping[str, str], call: Call) -> sns.Fields:
        origin = self.world.public_url or f"{self.request.protocol}://{self.request.host}"
        return sns.userinfo(self.world, asked, call, origin)


class AuthHandler(SnsHandler):
    endpoint = "auth"

    def perform(self, asked: Mapping[str, str], call: Call) -> sns.Fields:
        return sns.auth(self.world, asked, call)


class UnknownCall(SimulatorHandler):
    """A path under /sns/ that WeChat does not have."""

    def get(self) -> None:
        self.send(wechat_error(40066, self.world.clock()))
