"""A request as it arrived, for the doctor: of the page that it is asked by, and of its probes from outside."""

from wxadmin.clock import utcnow
from wxadmin.doctor import arrivals
from wxadmin.doctor.arrivals import Arrival
from wxadmin.handlers.base import BaseHandler


def arrival_of(handler: BaseHandler) -> Arrival:
    request = handler.request
    return Arrival(
        peer=request.connection.context.address[0],  # type: ignore[union-attr]
        visitor=handler.visitor_ip or "",
        path=request.path,
        host=request.host,
        forwarded_for=",".join(request.headers.get_list("X-Forwarded-For")),
        forwarded_host=",".join(request.headers.get_list("X-Forwarded-Host")),
        forwarded_proto=",".join(request.headers.get_list("X-Forwarded-Proto")),
    )


def answer_probe(handler: BaseHandler) -> None:
    """Tells a probe of the doctor's how it arrived; everybody else nothing."""
    said = handler.request.headers.get(arrivals.PROBE)
    if said is not None and arrivals.is_probe(handler.gateway.keys, said, utcnow()):
        handler.set_header(arrivals.ARRIVED, arrivals.told(arrival_of(handler)))
