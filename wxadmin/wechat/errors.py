"""What a call to WeChat raises when it brings nothing usable."""


class CallFailed(Exception):
    """A call without a usable answer.

    `code` is WeChat's errcode as text or the gateway's own reason (gw_…); `errmsg` is free of rid and hints, which
    stand apart. `sent` is False only when it is certain that no byte of the request went out: a code is then unspent.
    The text of the exception is the code alone, because an errmsg may echo what was sent.
    """

    def __init__(
        self,
        code: str,
        errmsg: str = "",
        *,
        rid: str | None = None,
        hints: str | None = None,
        http_status: int | None = None,
        took_ms: int = 0,
        sent: bool = True,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errmsg = errmsg
        self.rid = rid
        self.hints = hints
        self.http_status = http_status
        self.took_ms = took_ms
        self.sent = sent


class Refused(CallFailed):
    """WeChat answered with an errcode."""


class NoAnswer(CallFailed):
    """There is no answer that can be read: gw_timeout, gw_connect, gw_bad_reply or gw_http_status."""


class SampleAccount(NoAnswer):
    """The account is sample data and the host is WeChat's own: made-up people are none of its business."""

    def __init__(self) -> None:
        super().__init__("gw_account_off", "an appid of sample data is never sent to WeChat's own host", sent=False)
