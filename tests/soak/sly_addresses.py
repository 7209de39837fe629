"""Made-up return addresses: those of a few sites, tampered with where programs have been seen to read differently."""

from hypothesis import strategies as st

from tests.security.open_redirects import HOME, LOCAL_HOME

HOMES = (HOME, LOCAL_HOME, "https://shop.example.com:8443/", "https://[2001:db8::7]/a/b", "https://xn--fiq228c.test/茶")
_BEHIND = ("", "/", "/deep/er", "?table=7", "/x?a=%e8%8C%b6+x&&c", "#/route?x=1", "?q=1#/r")
_SIGNS = (*"/\\@:;?#&=.*|[]^<% \t\n\r\0\x1f\x7f", *"\xa0\xad\u200b\u2028\u3000\ufeff\ufffd\ud83d")
_LOOK_ALIKES = tuple("。．／＼＠：？＃℀ßſKа茶🍵①")
_STEPS = ("//", "/\\", "..", "/../", "/./", "/..;/", "%2f", "%5c", "%2e", "%2E%2e/", "%252e", "%c0%ae", "%u002e")
_ENCODED = ("%00", "%09", "%0d%0a", "%40", "%23", "%3f", "%25")
_PLACES = (
    "https:",
    "http:",
    "javascript:",
    "data:,",
    "evil.test",
    ".evil.test",
    "evil.test/",
    "@evil.test",
    "//evil.test",
)
_HOSTS = (":443", ":80", ":0", ":9001", ":99999", "127.1", "0x7f", "[::1]", "xn--")
_TICKETS = ("ticket=forged", "&ticket=forged", "?ticket=forged", "%74icket=forged", "&+ticket=forged")
_SLY = (*_SIGNS, *_LOOK_ALIKES, *_STEPS, *_ENCODED, *_PLACES, *_HOSTS, *_TICKETS)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """One that a page may have, with up to two changes, half of them before its path."""
    home = draw(st.sampled_from(HOMES))
    text = home + draw(st.sampled_from(_BEHIND))
    for _ in range(draw(st.integers(0, 2))):
        last = draw(st.sampled_from([len(home), len(text)]))
        at, gone = draw(st.integers(0, last)), draw(st.sampled_from([0, 0, 0, 1, 4]))
        text = text[:at] + draw(st.sampled_from(_SLY) | st.text(max_size=3)) + text[at + gone :]
    return draw(st.sampled_from([text, text, text, text.upper(), text.swapcase()]))
