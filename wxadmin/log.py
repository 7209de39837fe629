"""Logging: one line a request, everything scrubbed of what must not be written down."""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from tornado.web import RequestHandler

_NAMES = "|".join(
    (
        *("code", "state", "ticket", "nonce", "token", "access_token", "refresh_token", "sig"),
        *("secret", "appsecret", "password", "key", "pass_ticket", "uin", "exportkey"),
    )
)
_PATTERNS = (
    # In query strings and forms.
    (re.compile(rf"\b({_NAMES})=[^&\s\"'#]+", re.IGNORECASE), r"\1=[…]"),
    # In JSON and Python representations.
    (re.compile(rf"([\"'])({_NAMES})\1(\s*:\s*)([\"'])[^\"']*\4", re.IGNORECASE), r"\1\2\1\3\4[…]\4"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), r"\1 […]"),
    (re.compile(r"\b((?:Set-)?Cookie)\s*:\s*[^\r\n]+", re.IGNORECASE), r"\1: […]"),
    (re.compile(r"://[^/@\s]+@"), "://[…]@"),
    # PostgreSQL quotes the row that it refuses, which may hold line breaks of its own.
    (re.compile(r"(?ms)^(DETAIL|CONTEXT): .*?(?=\n\[SQL: |\n\nThe above|\n\nDuring|\Z)"), r"\1: […]"),
)

# Every pattern needs one of these; most values of a line, such as a handler's name, have none.
_SUSPECT = re.compile(r"[=:]|bearer|basic", re.IGNORECASE)

logger: structlog.stdlib.BoundLogger = structlog.get_logger("wxadmin")


def scrubbed(text: str) -> str:
    """The text with codes, states, tokens, tickets, secrets, cookies and passwords cut out."""
    if _SUSPECT.search(text):
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    return text


def set_up(level: str, log_format: Literal["console", "json"] | None) -> None:
    """Sends structlog's and every library's lines through one scrubber to standard error."""
    is_console = log_format == "console" or (log_format is None and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # First of all: a line that nobody will read costs a login a thirtieth of its time.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if is_console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _scrub,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "aiohttp", "asyncio", "alembic", "sqlalchemy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Tornado's access lines hold whole addresses; ours come from log_request.
    logging.getLogger("tornado.access").disabled = True


def log_request(handler: RequestHandler) -> None:
    """Tornado's log_function: handler, method, status, milliseconds and request id, never the address."""
    logger.info(
        "request",
        handler=type(handler).__name__,
        method=handler.request.method,
        status=int(handler.get_status()),
        ms=round(handler.request.request_time() * 1000, 1),
        request_id=getattr(handler, "request_id", None),
    )


def _scrub(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _scrubbed_value(value) for name, value in event.items()}


def _scrubbed_value(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    return value if isinstance(value, (int, float, bool, type(None))) else scrubbed(str(value))
