"""How a request of ours arrives at the gateway: what the proxies before it pass on, and what they leave out.

The doctor asks our own public address with a probe, signed by the key ring; the gateway tells nobody else what arrived.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from wxadmin.security.keys import KeyRing

PROBE, ARRIVED = "X-Wxadmin-Probe", "X-Wxadmin-Arrived"
"""The headers of the question and of its answer."""

# Between hosts whose clocks do not agree, too.
_GOOD_FOR = timedelta(minutes=5)
_FORM = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came: from which TCP peer, and as whose (`visitor`) it was taken by WXADMIN_TRUSTED_PROXIES;
    for which path and name it asked; what was forwarded of its sender, name and scheme, empty where nothing was."""

    peer: str
    visitor: str
    path: str
    host: str
    forwarded_for: str = ""
    forwarded_host: str = ""
    forwarded_proto: str = ""

    @property
    def is_forwarded(self) -> bool:
        """Whether somebody between says so."""
        return bool(self.forwarded_for or self.forwarded_host or self.forwarded_proto)

    @property
    def asked_name(self) -> str:
        """The host that was asked for, without a port."""
        return _name(self.forwarded_host.partition(",")[0] or self.host)

    @property
    def asked_scheme(self) -> str:
        """http or https as the first proxy saw it; empty where none says so."""
        return self.forwarded_proto.partition(",")[0].strip().lower()

    @property
    def last_hop(self) -> str:
        return self.forwarded_for.rpartition(",")[2].strip()


def probe(keys: KeyRing, now: datetime) -> str:
    """What the doctor asks with."""
    made_at = int(now.timestamp())
    return f"{made_at}.{keys.sign(_signed(made_at))}"


def is_probe(keys: KeyRing, said: str, now: datetime) -> bool:
    """Whether it is a doctor's of these keys, and of now."""
    made = _FORM.fullmatch(said)
    if made is None or abs(now.timestamp() - int(made[1])) > _GOOD_FOR.total_seconds():
        return False
    return keys.is_signed(_signed(int(made[1])), made[2])


def told(arrival: Arrival) -> str:
    """As the value of a header."""
    return json.dumps(asdict(arrival))


def read(said: str | None) -> Arrival | None:
    """What the gateway told; None where it is no gateway of ours."""
    try:
        values = json.loads(said or "")
        return Arrival(**{field.name: str(values[field.name]) for field in fields(Arrival)})
    except (ValueError, KeyError, TypeError):
        return None


def _signed(made_at: int) -> str:
    return f"doctor's probe {made_at}"


def _name(host: str) -> str:
    return re.sub(r":[0-9]+$", "", host.strip()).strip("[]").lower()
