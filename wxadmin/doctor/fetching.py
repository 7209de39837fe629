"""Reading our own public address as a visitor's browser would: its pages, and its certificate."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from wxadmin.doctor import arrivals
from wxadmin.doctor.picture import Page

TIMEOUT_S = 10.0
# Enough for an ownership file and for what healthz says.
_LONGEST_BODY = 4_096


async def page(http: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> Page:
    """What is there; redirects are not followed."""
    try:
        async with http.stream("GET", url, headers=headers) as response:
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LONGEST_BODY:
                    break
    except (httpx.HTTPError, ssl.SSLError) as error:
        return Page(error=_why(error))
    return Page(
        response.status_code,
        body[:_LONGEST_BODY].decode(errors="replace"),
        response.headers.get("Location", "") if response.is_redirect else "",
        arrival=arrivals.read(response.headers.get(arrivals.ARRIVED)),
    )


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


async def certificate(public_url: str) -> tuple[datetime | None, str]:
    """When the certificate ends, and why it is not trusted."""
    parts = urlsplit(public_url)
    if parts.scheme != "https":
        return None, ""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=ssl.create_default_context(), server_hostname=parts.hostname
            )
    except ssl.SSLError as error:
        return None, error.reason or str(error)
    except (OSError, TimeoutError):
        # That nothing answers is another finding.
        return None, ""
    found = writer.get_extra_info("peercert")
    writer.close()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), UTC), ""


def plain_url(public_url: str) -> str | None:
    """Where browsers look that are told no https; None where PUBLIC_URL has none itself, or a port of its own."""
    parts = urlsplit(public_url)
    if parts.scheme != "https" or parts.port not in {None, 443}:
        return None
    return f"http://{parts.hostname}{parts.path}"


def twin_url(public_url: str) -> str | None:
    """The same with www, or without it where PUBLIC_URL has it; None where that is no name of a domain."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if parts.port is not None or host.replace(".", "").isdigit() or "." not in host or ":" in host:
        return None
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    return f"{parts.scheme}://{twin}{parts.path}"
