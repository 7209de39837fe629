"""Hand-off `openid`: the address that a visitor goes back to says who they are, signed for the site to check.

Signed are four lines: the address as a browser asks for it, up to the sign in front of `ticket`; openid; ts; ticket.
What else the gateway tells stands before the ticket, so that none of it can be changed (docs/integrate.md).
"""

import hmac
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from wxadmin.security import return_urls

PARAMETERS = frozenset({"nickname", "headimgurl", "ticket", "openid", "ts", "sig"})
# All that browsers send as it stands: everything else they would put behind percent signs themselves.
_SENT_AS_IT_STANDS = "%!$&()*+,-./:;=?@[]_~"


def signed(url: str, key: str, *, openid: str, ticket: str, profile: dict[str, str], at: datetime) -> str:
    """The return URL with the ticket and who its person is, over the hand-off key; `profile` may be empty. Without
    what of it could be read as one of these."""
    before_fragment, mark, fragment = return_urls.without_parameters(url, PARAMETERS).partition("#")
    address = return_urls.with_parameters(_as_asked_for(before_fragment), profile | {"ticket": ticket})
    told = {"openid": openid, "ts": str(int(at.timestamp()))}
    message = "\n".join([address.removesuffix(f"ticket={ticket}")[:-1], *told.values(), ticket])
    sig = hmac.new(key.encode(), message.encode(), sha256).hexdigest()
    return return_urls.with_parameters(address, told | {"sig": sig}) + mark + fragment


def _as_asked_for(url: str) -> str:
    """The address, without a fragment, as a browser makes it before it asks: what the site's server sees is signed."""
    address = return_urls.parse(url)
    _, question, query = url.partition("?")
    return quote(address.origin + address.path + question + query, safe=_SENT_AS_IT_STANDS)
