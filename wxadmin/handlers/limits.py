"""How many failures of each kind an address has in a minute before it has to wait; of a script, how many requests."""

from dataclasses import dataclass, field

from wxadmin.limits import FailureLimit


@dataclass(frozen=True, slots=True)
class Limits:
    """One a process. There is none for starts, and none that a visitor's request meets which is known to be good:
    carriers put thousands of visitors behind one address, and one of them must not lock out the others."""

    # Recorded up to here; beyond it they get the same page, without a support code.
    refused_starts: FailureLimit = field(default_factory=lambda: FailureLimit("refused_start", a_minute=20))
    states: FailureLimit = field(default_factory=lambda: FailureLimit("unknown_state", a_minute=60))
    page_codes: FailureLimit = field(default_factory=lambda: FailureLimit("page_code", a_minute=60))
    site_keys: FailureLimit = field(default_factory=lambda: FailureLimit("site_key", a_minute=60))
    staff_keys: FailureLimit = field(default_factory=lambda: FailureLimit("staff_key", a_minute=60))
    # Of a key that is good, every request counts: a script in a loop must not keep the pages waiting.
    staff_requests: FailureLimit = field(default_factory=lambda: FailureLimit("staff_request", a_minute=600))
    # For a name as well as for an address, since addresses are cheap.
    sign_ins: FailureLimit = field(default_factory=lambda: FailureLimit("sign_in", a_minute=5))
