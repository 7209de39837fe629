"""The /sns routes: reads the query, adds the latency, writes WeChat's JSON."""

import asyncio
from collections.abc import Callable, Mapping

from . import sns
from .calls import Call
from .errmsg import Refused
from .replies import FallibleHandler, Reply, SimulatorHandler, wechat_error, wechat_json
from .world import World


class SnsHandler(FallibleHandler):
    """One /sns call. Errors are HTTP 200 too."""

    operation: Callable[[World, Mapping[str, str], Call], sns.Fields]

    async def get(self) -> None:
        if latency := self.world.settings.latency_ms:
            await asyncio.sleep(latency / 1000)
        await super().get()

    def answer(self, call: Call) -> Reply:
        asked = {name: values[-1].decode("utf-8", "replace") for name, values in self.request.query_arguments.items()}
        asked["origin"] = self.world.public_url or f"{self.request.protocol}://{self.request.host}"
        try:
            fields = type(self).operation(self.world, asked, call)
        except Refused as refused:
            call.errcode = refused.errcode
            return self.refusal(refused.errcode)
        call.errcode = 0
        return wechat_json(fields)

    def refusal(self, errcode: int) -> Reply:
        return wechat_error(errcode, self.world.clock())

    def post(self) -> None:
        self.send(self.refusal(43001))


class ExchangeHandler(SnsHandler):
    endpoint = "exchange"
    operation = staticmethod(sns.exchange)


class RefreshHandler(SnsHandler):
    endpoint = "refresh"
    operation = staticmethod(sns.refresh)


class UserinfoHandler(SnsHandler):
    endpoint = "userinfo"
    operation = staticmethod(sns.userinfo)


class AuthHandler(SnsHandler):
    endpoint = "auth"
    operation = staticmethod(sns.auth)


class UnknownCall(SimulatorHandler):
    """A path under /sns/ that WeChat does not have."""

    def get(self) -> None:
        self.send(wechat_error(40066, self.world.clock()))
