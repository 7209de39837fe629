"""What can be wrong on the way between the gateway, its visitors and WeChat."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from wxadmin.doctor.findings import Finding, attention, fatal, fine
from wxadmin.doctor.picture import HEALTHY, Page, Picture
from wxadmin.i18n import msgid

_DAY = timedelta(days=1)
_SOON, _VERY_SOON = 30 * _DAY, 7 * _DAY
_GREATEST_SKEW = timedelta(seconds=60)


def reachable(picture: Picture) -> Iterator[Finding]:
    """Whether the address that visitors come back to leads here."""
    if picture.outside is None or picture.settings.public_url is None:
        return
    page, values = picture.outside.health, {"url": picture.public_url}
    if page.status == 200 and page.body.strip() == HEALTHY:
        yield fine("reachable", msgid("%(url)s leads to the gateway."), **values)
    elif page.error:
        yield fatal(
            "reachable",
            msgid("%(url)s cannot be reached from here: %(error)s."),
            msgid("Look at DNS, the proxy and the firewall; ask from a phone without Wi-Fi, too."),
            error=page.error,
            **values,
        )
    elif page.location:
        yield fatal(
            "reachable",
            msgid("%(url)s sends on to %(location)s: visitors lose their cookies, or go in circles."),
            msgid("Set WXADMIN_PUBLIC_URL to the address that nothing is sent on from, www and https included."),
            location=page.location,
            **values,
        )
    elif page.arrival is not None:
        yield _changed_path(picture, page, page.arrival.path)
    else:
        yield fatal(
            "reachable",
            msgid("%(url)s/healthz answers %(status)s, and not as the gateway does: something else is there."),
            msgid("Have the proxy pass the whole path of WXADMIN_PUBLIC_URL to the gateway."),
            status=page.status,
            **values,
        )


def _changed_path(picture: Picture, page: Page, arrived: str) -> Finding:
    base = urlsplit(picture.public_url).path
    return fatal(
        "reachable",
        msgid(
            "The proxy passes %(asked)s on as %(arrived)s: the gateway knows its addresses with the path of "
            "WXADMIN_PUBLIC_URL, and answers %(status)s."
        ),
        msgid("Let nginx pass the path on unchanged: no slash and no path behind the port of proxy_pass."),
        asked=f"{base}/healthz",
        arrived=arrived[:200],
        status=page.status,
        url=picture.public_url,
        paste=f"location {base}/ {{ proxy_pass http://127.0.0.1:8000; }}",
    )


def certificate(picture: Picture) -> Iterator[Finding]:
    """Whether phones take the certificate, and for how long."""
    if picture.outside is None or urlsplit(picture.public_url).scheme != "https":
        return
    if picture.outside.certificate_error:
        yield fatal(
            "certificate",
            msgid("The certificate of %(url)s is not taken: %(error)s."),
            msgid("Renew it, and have the proxy send the whole chain: WeChat shows a white page without a word."),
            url=picture.public_url,
            error=picture.outside.certificate_error,
        )
    elif picture.outside.certificate_ends is not None:
        left = picture.outside.certificate_ends - picture.now
        days = {"days": left // _DAY, "url": picture.public_url}
        if left > _SOON:
            yield fine("certificate", msgid("The certificate is good for %(days)d days."), **days)
        else:
            grade = fatal if left <= _VERY_SOON else attention
            yield grade(
                "certificate",
                msgid("The certificate of %(url)s ends in %(days)d days."),
                msgid("Renew it: is the job that does so running?"),
                **days,
            )


def clock(picture: Picture) -> Iterator[Finding]:
    skew = picture.outside.wechats_skew if picture.outside else None
    if skew is None:
        return
    if abs(skew) > _GREATEST_SKEW:
        yield attention(
            "clock",
            msgid("This host's clock and WeChat's differ by %(seconds).0f s."),
            msgid("Have the host keep time by NTP."),
            seconds=abs(skew.total_seconds()),
        )
    else:
        yield fine("clock", msgid("This host's clock agrees with WeChat's."))


CHECKS = (reachable, certificate, clock)
