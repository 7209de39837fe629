"""What can be wrong between browsers and the gateway: what proxies pass on, held against the settings."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from wxadmin.doctor.findings import Finding, attention, fine
from wxadmin.doctor.picture import HEALTHY, Picture
from wxadmin.doctor.settings_checks import is_domain
from wxadmin.i18n import msgid

FORWARD_ADDRESS = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
FORWARD_NAME = "proxy_set_header Host $host;"
FORWARD_SCHEME = "proxy_set_header X-Forwarded-Proto $scheme;"
SEND_ON_TO_HTTPS = "return 301 https://$host$request_uri;"
"""Lines of nginx."""


def peer(picture: Picture) -> Iterator[Finding]:
    """Whether whoever passes requests on is trusted to say where they come from."""
    arrival = picture.arrival
    if arrival is None or not _is_passed_on(picture) or _is_trusted(picture, arrival.peer):
        return
    trusted = [*map(str, picture.settings.trusted_proxies), arrival.peer]
    yield attention(
        "proxy-peer",
        msgid(
            "%(peer)s passes requests on, and is not in WXADMIN_TRUSTED_PROXIES: all visitors seem to come from there, "
            "and the failures of one make all of them wait."
        ),
        msgid("Set it so, and start the gateway anew. Only proxies of your own belong there."),
        peer=arrival.peer,
        paste=f"WXADMIN_TRUSTED_PROXIES={','.join(trusted)}",
    )


def forwarded_address(picture: Picture) -> Iterator[Finding]:
    """Whether the proxy says where visitors come from, in a form that can be read."""
    arrival = picture.arrival
    if arrival is None or not _is_passed_on(picture):
        return
    if not arrival.forwarded_for:
        yield attention(
            "forwarded-for",
            msgid("The proxy %(peer)s does not say where visitors come from: it sends no X-Forwarded-For."),
            msgid("Enter this line where nginx passes requests to the gateway."),
            peer=arrival.peer,
            paste=FORWARD_ADDRESS,
        )
    elif not _is_address(arrival.last_hop):
        yield attention(
            "forwarded-for",
            msgid("X-Forwarded-For ends with %(hop)s, which is no address: all visitors seem to come from the proxy."),
            msgid("Have the proxy send the bare address, without a port or a name."),
            hop=arrival.last_hop[:100],
            paste=FORWARD_ADDRESS,
        )
    elif _is_trusted(picture, arrival.peer):
        yield fine(
            "forwarded-for",
            msgid("The proxy says where visitors come from: this was asked from %(visitor)s."),
            visitor=arrival.visitor,
        )


def asked_name(picture: Picture) -> Iterator[Finding]:
    """Whether browsers ask for the name that visitors come back to."""
    arrival, own = picture.arrival, urlsplit(picture.public_url)
    if arrival is None or picture.settings.public_url is None:
        return
    values = {"asked": arrival.asked_name, "host": own.hostname, "url": picture.public_url}
    if arrival.asked_name == own.hostname:
        yield fine("asked-name", msgid("Browsers ask for %(host)s, as WXADMIN_PUBLIC_URL says."), **values)
    elif _is_passed_on(picture) and not is_domain(arrival.asked_name):
        yield attention(
            "asked-name",
            msgid(
                "The proxy asks the gateway for %(asked)s, whatever name browsers ask it for: that a visitor comes by "
                "a wrong one cannot be seen."
            ),
            msgid("Enter this line where nginx passes requests to the gateway."),
            paste=FORWARD_NAME,
            **values,
        )
    else:
        yield attention(
            "asked-name",
            msgid(
                "The gateway was asked for %(asked)s, while WXADMIN_PUBLIC_URL says %(host)s: a login that begins at "
                "the one comes back to the other, without its cookie."
            ),
            msgid(
                "Have the proxy send everybody on to %(url)s before it passes anything on; or, where %(asked)s is the "
                "right one, change WXADMIN_PUBLIC_URL."
            ),
            paste=f"return 301 {own.scheme}://{own.netloc}$request_uri;",
            **values,
        )


def asked_scheme(picture: Picture) -> Iterator[Finding]:
    """Whether browsers come with the encryption that PUBLIC_URL speaks of."""
    arrival, own = picture.arrival, urlsplit(picture.public_url)
    if arrival is None or picture.settings.public_url is None:
        return
    if arrival.asked_scheme == own.scheme:
        yield fine("asked-scheme", msgid("Browsers come by %(scheme)s, as WXADMIN_PUBLIC_URL says."), scheme=own.scheme)
    elif arrival.asked_scheme == "https":
        yield attention(
            "asked-scheme",
            msgid(
                "Browsers come by https, while WXADMIN_PUBLIC_URL begins with http://: WeChat sends visitors back "
                "without encryption, and their cookies travel readably."
            ),
            msgid("Set it so, and start the gateway anew."),
            paste=f"WXADMIN_PUBLIC_URL=https://{own.netloc}{own.path}",
        )
    elif own.scheme == "https" and arrival.asked_scheme:
        yield attention(
            "asked-scheme",
            msgid(
                "The proxy says that browsers come by %(scheme)s, while WXADMIN_PUBLIC_URL begins with https://: so "
                "asked, they get no cookie, and lose every login."
            ),
            msgid(
                "Have port 80 send everybody on to https. Where a CDN before the proxy takes the certificate, let the "
                "proxy pass on what that says: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;"
            ),
            scheme=arrival.asked_scheme[:100],
            paste=SEND_ON_TO_HTTPS,
        )
    elif own.scheme == "https":
        yield attention(
            "asked-scheme",
            msgid(
                "The proxy does not say whether browsers come by https: that one comes without encryption cannot be "
                "seen."
            ),
            msgid("Enter this line where nginx passes requests to the gateway."),
            paste=FORWARD_SCHEME,
        )


def plain_http(picture: Picture) -> Iterator[Finding]:
    """Whether whoever asks without https is sent on to it."""
    page, own = picture.outside.plain if picture.outside else None, urlsplit(picture.public_url)
    if page is None:
        return
    url = f"http://{own.hostname}"
    if page.error:
        yield fine("plain-http", msgid("Nothing answers at %(url)s."), url=url)
    elif page.location.startswith(f"https://{own.hostname}"):
        yield fine("plain-http", msgid("%(url)s sends everybody on to https."), url=url)
    else:
        yield attention(
            "plain-http",
            msgid(
                "%(url)s answers %(answer)s instead of sending on to https: whoever comes there gets no cookie, and "
                "tickets travel readably."
            ),
            msgid("Enter this line, and no other, into nginx's server of port 80."),
            url=url,
            answer=page.location or page.status,
            paste=SEND_ON_TO_HTTPS,
        )


def twin(picture: Picture) -> Iterator[Finding]:
    """Whether the name with www, or without it, is a second way in."""
    page, own = picture.outside.twin if picture.outside else None, urlsplit(picture.public_url)
    host = own.hostname or ""
    if page is None or page.status != 200 or page.body.strip() != HEALTHY:
        return
    other = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    yield attention(
        "www",
        msgid(
            "%(other)s leads to the gateway, too: WeChat knows %(host)s alone, and a login that begins at the other "
            "name comes back without its cookie."
        ),
        msgid("Enter this line, and no other, into nginx's server of the other name."),
        other=other,
        host=host,
        paste=f"return 301 {own.scheme}://{own.netloc}$request_uri;",
    )


def _is_passed_on(picture: Picture) -> bool:
    """Whether a proxy stands before the gateway: it says so, or ends the encryption, which the gateway never does."""
    arrival, public_url = picture.arrival, picture.settings.public_url
    return arrival is not None and (arrival.is_forwarded or (public_url or "").startswith("https://"))


def _is_trusted(picture: Picture, address: str) -> bool:
    if not _is_address(address):
        return False
    known = ip_address(address)
    return any(known in network for network in picture.settings.trusted_proxies if network.version == known.version)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


CHECKS = (peer, forwarded_address, asked_name, asked_scheme, plain_http, twin)
