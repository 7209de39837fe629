"""Replies as bytes on the wire, and the handler that a fault can spoil."""

import asyncio
import json
from dataclasses import dataclass, field

import tornado.web

from .calls import Call
from .errmsg import with_rid
from .faults import Fault
from .world import World

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_HTML = b"<html><head><title>Sorry</title></head><body><h1>The server is busy</h1></body></html>"


@dataclass(slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


def wechat_json(fields: dict[str, object]) -> Reply:
    """JSON as WeChat writes it: text/plain without charset, control characters raw inside strings."""
    members = ",".join(f'"{name}":{_value(value)}' for name, value in fields.items())
    # A lone surrogate has no UTF-8 form; it goes out as the \\ud83d escape that WeChat sends.
    return Reply(f"{{{members}}}".encode("utf-8", "backslashreplace"), content_type="text/plain")


def wechat_error(errcode: int, now: float) -> Reply:
    return wechat_json({"errcode": errcode, "errmsg": with_rid(errcode, now)})


def _value(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\u0000")
    return f'"{quoted}"'


class SimulatorHandler(tornado.web.RequestHandler):
    """A handler that knows the world and sends whole replies."""

    def initialize(self, world: World) -> None:
        self.world = world

    def compute_etag(self) -> None:
        """WeChat sends none, and hashing each body would only cost time."""

    def check_xsrf_cookie(self) -> None:
        """WeChat's own endpoints read no cookie that a foreign page could abuse."""

    def send(self, reply: Reply) -> None:
        self.set_status(reply.status)
        self.set_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        self.finish(reply.body)


class FallibleHandler(SimulatorHandler):
    """A handler of an endpoint for which faults can be ordered."""

    endpoint: str

    def answer(self, call: Call) -> Reply:
        """Do what was asked, write into `call` what it was, and say what goes back."""
        raise NotImplementedError

    def refusal(self, errcode: int) -> Reply:
        """WeChat's answer with this errcode."""
        raise NotImplementedError

    async def get(self) -> None:
        call = Call(self.endpoint)
        fault = self.world.faults.take(self.endpoint)
        if fault is None:
            reply = self.answer(call)
            self.world.calls.add(call, self.world.clock())
            self.send(reply)
        else:
            call.fault = fault.kind
            await self._fail(fault, call)

    async def _fail(self, fault: Fault, call: Call) -> None:
        if fault.kind == "slow" and not fault.after:
            await asyncio.sleep(fault.seconds)
        reply = self.answer(call) if fault.after or fault.kind == "slow" else self.refusal(-1)
        if fault.kind == "errcode":
            call.errcode = fault.errcode
        self.world.calls.add(call, self.world.clock())
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.seconds if fault.after else 0)
                self.send(reply)
            case "errcode":
                self.send(self.refusal(fault.errcode))
            case "status":
                self.send(Reply(_HTML, status=fault.status, content_type="text/html"))
            case "html":
                self.send(Reply(_HTML, content_type="text/html"))
            case "cut":
                await self._cut(reply)
            case "drop":
                self.detach().close()

    async def _cut(self, reply: Reply) -> None:
        """Promise more than the body, send half of it, and hang up."""
        promised = len(reply.body) + 1
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {reply.content_type}\r\nContent-Length: {promised}\r\n\r\n"
        stream = self.detach()
        await stream.write(head.encode() + reply.body[: len(reply.body) // 2])
        stream.close()
