"""What can be wrong with the settings: the address that browsers come by, proxies, keys, where WeChat is."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from wxadmin.doctor.console_menus import WEB_AUTHORIZATION_DOMAIN
from wxadmin.doctor.findings import Finding, attention, fatal, fine
from wxadmin.doctor.picture import Picture
from wxadmin.i18n import msgid
from wxadmin.settings import WECHAT_API_URL, WECHAT_OPEN_URL

# As many as `openssl rand -hex 32` never falls short of.
_FEWEST_CHARACTERS = 8
_FEWEST_SEEN = 20
_PRIVATE_NAMES = (".local", ".lan", ".internal", ".localhost")


def public_url(picture: Picture) -> Iterator[Finding]:
    """Whether WeChat sends people back to an address that it takes, and that they can reach."""
    if not picture.is_wechats_own:
        return
    if picture.settings.public_url is None:
        yield fatal(
            "public-url",
            msgid("WXADMIN_PUBLIC_URL is not set: WeChat would send everybody back to their own machine."),
            msgid("Set it to the address that browsers reach the gateway by, such as https://m.example.com."),
        )
        return
    parts = urlsplit(picture.public_url)
    faults = list(_faults_of(parts))
    yield from faults
    if not faults:
        yield fine(
            "public-url",
            msgid(
                "Visitors come back to %(url)s. WeChat is told the host alone, as 网页授权域名: not as "
                "JS接口安全域名 or 业务域名, which stand beside it."
            ),
            url=picture.public_url,
            paste=parts.hostname,
            menu=WEB_AUTHORIZATION_DOMAIN,
        )


def _faults_of(parts: SplitResult) -> Iterator[Finding]:
    host = parts.hostname or ""
    if not is_domain(host):
        yield fatal(
            "public-url-domain",
            msgid("WXADMIN_PUBLIC_URL names %(host)s, which is no public domain: WeChat refuses it with page 10003."),
            msgid("Use a domain that is registered (ICP备案) and entered in WeChat's console."),
            host=host,
            menu=WEB_AUTHORIZATION_DOMAIN,
        )
    if parts.port not in {None, 80, 443}:
        yield fatal(
            "public-url-port",
            msgid("WXADMIN_PUBLIC_URL has port %(port)s: WeChat knows domains without a port, and answers page 10003."),
            msgid("Put a proxy on port 443 in front, and take the port out of WXADMIN_PUBLIC_URL."),
            port=parts.port,
            menu=WEB_AUTHORIZATION_DOMAIN,
        )
    if parts.scheme == "http":
        yield attention(
            "public-url-https",
            msgid("WXADMIN_PUBLIC_URL begins with http://: tickets and cookies travel readably."),
            msgid("Have a proxy serve it with a certificate, and begin it with https://."),
        )


def wechat(picture: Picture) -> Iterator[Finding]:
    """Whether both of WeChat's addresses are WeChat's, or both a simulator's."""
    own = {
        "WXADMIN_WECHAT_OPEN_URL": picture.settings.wechat_open_url == WECHAT_OPEN_URL,
        "WXADMIN_WECHAT_API_URL": picture.settings.wechat_api_url == WECHAT_API_URL,
    }
    if all(own.values()):
        yield fine("wechat-addresses", msgid("Visitors are sent to WeChat itself."))
    elif not any(own.values()):
        yield attention(
            "wechat-addresses",
            msgid("Visitors are sent to %(url)s, which is not WeChat: right for a trial, wrong for real people."),
            msgid("For real logins, leave WXADMIN_WECHAT_OPEN_URL and WXADMIN_WECHAT_API_URL unset."),
            url=picture.settings.wechat_open_url,
        )
    else:
        name = next(name for name, is_own in own.items() if not is_own)
        yield fatal(
            "wechat-addresses",
            msgid("%(name)s is not WeChat's address, while the other one is: every code is unknown to the other."),
            msgid("Leave both unset, or set both to the simulator."),
            name=name,
        )


def outside_wechat(picture: Picture) -> Iterator[Finding]:
    if picture.is_wechats_own and not picture.settings.asks_outside_wechat:
        yield attention(
            "outside-wechat",
            msgid("WXADMIN_OUTSIDE_WECHAT is `pass`: browsers other than WeChat's meet WeChat's bare refusal."),
            msgid("Set it to `page`, or leave it unset: they see the link as a QR code then."),
        )


def proxies(picture: Picture) -> Iterator[Finding]:
    """Whether the addresses of visitors are theirs, and cannot be made up by them."""
    trusted = picture.settings.trusted_proxies
    if everybody := [network for network in trusted if network.prefixlen == 0]:
        yield fatal(
            "trusted-proxies",
            msgid("WXADMIN_TRUSTED_PROXIES has %(network)s: anybody can make up the address that they come from."),
            msgid("Name the proxies' own addresses alone, such as 10.0.0.5/32."),
            network=everybody[0],
        )
    elif _are_a_proxys(picture.store.seen_as):
        yield attention(
            "trusted-proxies",
            msgid("The newest visitors all come from %(seen)s: these are the addresses of a proxy, not theirs."),
            msgid("Add it to WXADMIN_TRUSTED_PROXIES, and have it set X-Forwarded-For."),
            seen=", ".join(sorted(set(picture.store.seen_as))[:3]),
        )
    elif trusted:
        yield fine("trusted-proxies", msgid("Forwarded addresses are believed of the named proxies alone."))


def admin_networks(picture: Picture) -> Iterator[Finding]:
    networks = picture.settings.admin_networks
    if networks and all(network.prefixlen for network in networks):
        yield fine("admin-networks", msgid("The dashboard can be reached from the named networks alone."))
    elif picture.is_wechats_own:
        yield attention(
            "admin-networks",
            msgid("The dashboard can be reached from everywhere."),
            msgid("Set WXADMIN_ADMIN_NETWORKS to the networks of your staff, such as 10.0.0.0/8."),
        )


def secret_keys(picture: Picture) -> Iterator[Finding]:
    if any(len(set(key)) < _FEWEST_CHARACTERS for key in picture.settings.secret_keys):
        yield fatal(
            "secret-keys",
            msgid("A key of WXADMIN_SECRET_KEYS can be guessed: it has only a few different characters."),
            msgid("Put one made with `openssl rand -hex 32` first, and run `wxadmin keys rotate`."),
        )
    else:
        yield fine("secret-keys", msgid("The keys cannot be guessed."))


def refresh_settings(picture: Picture) -> Iterator[Finding]:
    settings = picture.settings
    if settings.refresh_ahead < 2 * settings.refresh_interval:
        yield attention(
            "refresh-ahead",
            msgid(
                "WXADMIN_REFRESH_AHEAD is %(ahead)g s, less than two passes of %(interval)g s: one that is late lets "
                "tokens expire."
            ),
            msgid("Set it to 900, or WXADMIN_REFRESH_INTERVAL to 30."),
            ahead=settings.refresh_ahead,
            interval=settings.refresh_interval,
        )


def is_domain(host: str) -> bool:
    """Whether it can be a name that everybody finds: no address, and of no private network."""
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_NAMES)
    return False


def _are_a_proxys(seen: object) -> bool:
    addresses = [ip_address(one) for one in seen]  # type: ignore[attr-defined]
    return len(addresses) >= _FEWEST_SEEN and all(one.is_private or one.is_loopback for one in addresses)


CHECKS = (public_url, wechat, outside_wechat, proxies, admin_networks, secret_keys, refresh_settings)
