"""Return addresses: what is refused, what a site allows, and what is added without touching the rest."""

from contextlib import suppress
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.open_redirects import HOME, LOCAL_HOME, PAYLOADS
from wxadmin.errors import ReturnURLRefused
from wxadmin.security import return_urls


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example.com",
        "https://shop.example.com/",
        "HTTPS://Shop.Example.COM/Back",
        "http://shop.example.com:8080/back?a=b&c=%2F..%2f&d=//x#/route?x=1",
        "https://shop.example.com/back/?",
        "https://xn--fiq228c.example/茶/单",
        "https://203.0.113.7/back",
        "https://0.0.0.0",
        "https://4.example.com/",
        "https://0xshop.example.com/",
        "https://[2001:db8::7]:8443/back",
        "https://shop.example.com/a.b/..c/c..;v=1",
        "https://shop.example.com/%E8%8C%B6",
    ],
)
def test_a_well_formed_address_is_kept_to_the_byte(text: str) -> None:
    address = return_urls.parse(text)

    assert address.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/back",
        "//evil.example",
        "///evil.example",
        "https:",
        "https:/evil.example",
        "https:evil.example",
        "https://",
        "https:///back",
        "https://?x",
        "https://#x",
        "javascript:alert(1)",
        "javascript://shop.example.com/%0aalert(1)",
        "data:text/html,x",
        "weixin://dl/business",
        "ftp://shop.example.com/",
        " https://shop.example.com/",
        "https://shop.example.com/ back",
        "https://shop.example.com/\tback",
        "https://shop.example.com/\r\nSet-Cookie: a=b",
        "ht\ntps://shop.example.com/",
        "https://shop.example.com\x00.evil.example/",
        "https://shop.example.com/\x7f",
        "https://shop.example.com/\x85",
        "https://shop.example.com/\ufffd",
        f"https://shop.example.com/{chr(0xD83D)}",
        "https://shop.example.com\\@evil.example/",
        "https:\\\\evil.example/",
        "https://evil.example\\.shop.example.com/",
        "https://shop.example.com@evil.example/",
        "https://shop.example.com:443@evil.example/",
        "https://@shop.example.com/",
        "https://user:pw@shop.example.com/",
        "https://shop.example.com%40evil.example/",
        "https://shop.example.com%2eevil.example/",
        "https://shop_1.example.com/",
        "https://茶.example/",
        "https://shop。example.com/",
        "https://ｓhop.example.com/",
        "https://-shop.example.com/",
        "https://shop..example.com/",
        "https://shop.example.com./",
        "https://.example.com/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://shop.0x7f/",
        "https://2130706433/",
        "https://127.0.0.01/",
        "https://1.2.3.256/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://[::1]evil.example/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.shop]/",
        "https://shop.example.com:/",
        "https://shop.example.com:0/",
        "https://shop.example.com:99999/",
        "https://shop.example.com:-1/",
        "https://shop.example.com:+80/",
        "https://shop.example.com:8o/",
        "https://shop.example.com:٣/",
        "https://shop.example.com//evil.example",
        "https://shop.example.com/back//",
        "https://shop.example.com/back/../admin",
        "https://shop.example.com/back/./x",
        "https://shop.example.com/back/..",
        "https://shop.example.com/back/..;/admin",
        "https://shop.example.com/back/.;v=1/x",
        "https://shop.example.com/back/%2e%2e/admin",
        "https://shop.example.com/back/.%2E/admin",
        "https://shop.example.com/back%2f..%2fadmin",
        "https://shop.example.com/back%5cadmin",
        "https://shop.example.com/back%252e%252e",
        "https://shop.example.com/back%00",
        "https://shop.example.com/" + "a" * 2_048,
    ],
)
def test_a_treacherous_address_is_refused(text: str) -> None:
    with pytest.raises(ReturnURLRefused) as refused:
        return_urls.parse(text)

    assert str(refused.value)


@pytest.mark.parametrize("kind", PAYLOADS)
def test_no_known_open_redirect_is_taken_for_a_sites_own_address(kind: str) -> None:
    homes = [return_urls.parse(HOME), return_urls.parse(LOCAL_HOME)]

    taken = []
    for url in PAYLOADS[kind]:
        with suppress(ReturnURLRefused):
            asked = return_urls.parse(url)
            taken += [url for home in homes if return_urls.allows(home, asked)]

    assert taken == []


@given(st.text(max_size=60).map(lambda tail: f"https://{tail}"))
def test_whatever_is_let_through_has_the_host_that_was_read(text: str) -> None:
    try:
        address = return_urls.parse(text)
    except ReturnURLRefused:
        return

    before_path = text[len("https://") :].partition("/")[0].partition("?")[0].partition("#")[0]
    assert before_path.lower().startswith((address.host, f"[{address.host}]"))


@pytest.mark.parametrize(
    ("allowed", "asked", "is_allowed"),
    [
        ("https://shop.example.com/", "https://shop.example.com", True),
        ("https://shop.example.com", "https://shop.example.com/back?x=1#y", True),
        ("https://shop.example.com/back", "https://shop.example.com/back", True),
        ("https://shop.example.com/back", "https://shop.example.com/back?table=7", True),
        ("https://shop.example.com/back", "https://shop.example.com/back/", True),
        ("https://shop.example.com/back", "https://shop.example.com/back/deep/er", True),
        ("https://shop.example.com/back/", "https://shop.example.com/back/deep", True),
        ("https://shop.example.com/back/", "https://shop.example.com/back", True),
        ("https://shop.example.com:443/back", "https://shop.example.com/back", True),
        ("https://SHOP.example.com/back", "https://shop.EXAMPLE.com/back", True),
        ("https://shop.example.com/back", "https://shop.example.com/backdoor", False),
        ("https://shop.example.com/back", "https://shop.example.com/back;x", False),
        ("https://shop.example.com/back", "https://shop.example.com/Back", False),
        ("https://shop.example.com/back", "https://shop.example.com/", False),
        ("https://shop.example.com/back", "https://shop.example.com/?/back", False),
        ("https://shop.example.com/back", "https://shop.example.com/#/back", False),
        ("https://shop.example.com/back", "http://shop.example.com/back", False),
        ("https://shop.example.com/back", "https://shop.example.com:8443/back", False),
        ("https://shop.example.com/back", "https://m.shop.example.com/back", False),
        ("https://shop.example.com/back", "https://shop.example.com.evil.example/back", False),
        ("https://shop.example.com/back", "https://evilshop.example.com/back", False),
        ("http://127.0.0.1:9001/back", "http://127.0.0.1:9002/back", False),
    ],
)
def test_a_site_allows_its_own_host_and_whole_segments_of_its_path(allowed: str, asked: str, is_allowed: bool) -> None:
    answer = return_urls.allows(return_urls.parse(allowed), return_urls.parse(asked))

    assert answer is is_allowed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://s.example/back", "https://s.example/back?ticket=t1"),
        ("https://s.example", "https://s.example?ticket=t1"),
        ("https://s.example/back?a=b", "https://s.example/back?a=b&ticket=t1"),
        ("https://s.example/back?", "https://s.example/back?ticket=t1"),
        ("https://s.example/back?a=b&", "https://s.example/back?a=b&ticket=t1"),
        ("https://s.example/back#/route?x=1", "https://s.example/back?ticket=t1#/route?x=1"),
        ("https://s.example/back?a=%e8%8C%b6+x&&c#/r#s", "https://s.example/back?a=%e8%8C%b6+x&&c&ticket=t1#/r#s"),
        ("https://s.example/back?q=?", "https://s.example/back?q=?&ticket=t1"),
        ("https://s.example/back??", "https://s.example/back??&ticket=t1"),
    ],
)
def test_a_ticket_joins_the_query_and_the_rest_stays_to_the_byte(url: str, expected: str) -> None:
    added = return_urls.with_parameters(url, {"ticket": "t1"})

    assert added == expected


of_queries = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="#"))
of_routes = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.just("") | of_queries.map("?{}".format), st.just("") | of_routes.map("#/{}".format))
def test_every_query_and_route_stays_to_the_byte_and_the_ticket_stands_between_them(query: str, route: str) -> None:
    added = return_urls.with_parameters(f"https://s.example/back{query}{route}", {"ticket": "t1"})

    before, mark, after = added.partition("#")
    assert mark + after == route
    assert before.removeprefix(f"https://s.example/back{query}") in {"?ticket=t1", "&ticket=t1", "ticket=t1"}
    assert parse_qsl(before.partition("?")[2])[-1] == ("ticket", "t1")


names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(names, values, min_size=1))
def test_parameters_arrive_as_they_were_given(parameters: dict[str, str]) -> None:
    added = return_urls.with_parameters("https://s.example/back?OWN=1#/route", parameters)

    parts = urlsplit(added)
    assert parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) == {
        "OWN": ["1"],
        **{name: [value] for name, value in parameters.items()},
    }
    assert parts.fragment == "/route"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://s.example/a?key=1&pass_ticket=2&uin=3&exportkey=4", "https://s.example/a"),
        ("https://s.example/a?x=1&key=secret&y=%20#/r?key=2", "https://s.example/a?x=1&y=%20#/r?key=2"),
        ("https://s.example/a?KEY=secret&monkey=1&keys=2", "https://s.example/a?monkey=1&keys=2"),
        ("https://s.example/a?key", "https://s.example/a"),
        ("https://s.example/key=1", "https://s.example/key=1"),
        ("https://s.example/a?", "https://s.example/a?"),
        ("https://s.example/a?&x=1&&", "https://s.example/a?&x=1&&"),
        ("https://s.example/a?x=key", "https://s.example/a?x=key"),
        ("https://s.example/a?ticket=spent&Ticket=7&tickets=2", "https://s.example/a?Ticket=7&tickets=2"),
        ("https://s.example/a?%74icket=forged&x=%74icket", "https://s.example/a?x=%74icket"),
        ("https://s.example/a?+ticket=forged&%20ticket=forged&%6bey=secret", "https://s.example/a"),
    ],
)
def test_what_wechat_and_an_earlier_login_left_is_taken_out_and_nothing_else(url: str, expected: str) -> None:
    kept = return_urls.without_leftovers(url)

    assert kept == expected


OURS = {"ticket", "openid", "sig"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://s.example/a?openid=o&x=1#/r?openid=o", "https://s.example/a?x=1#/r?openid=o"),
        ("https://s.example/a?x=1&openid=o&y=%20&sig=s", "https://s.example/a?x=1&y=%20"),
        ("https://s.example/a?openid=o&sig", "https://s.example/a"),
        ("https://s.example/a?openid", "https://s.example/a"),
        ("https://s.example/a?x=1;openid=o;y=2", "https://s.example/a?x=1;y=2"),
        ("https://s.example/a?openid=o;y=2&z=3", "https://s.example/a?y=2&z=3"),
        ("https://s.example/a?%6Fpen%69d=o", "https://s.example/a"),
        ("https://s.example/a?OpenID=o&OPENID=o&%53IG=s", "https://s.example/a"),
        ("https://s.example/a?openid[]=o&openid%5B0%5D=o&sig%00x=s", "https://s.example/a"),
        ("https://s.example/a?+openid=o&%20%09sig=s", "https://s.example/a"),
        (
            "https://s.example/a?openids=1&xopenid=2&open_id=3&open.id=4",
            "https://s.example/a?openids=1&xopenid=2&open_id=3&open.id=4",
        ),
        ("https://s.example/a?x=openid&y=?openid=", "https://s.example/a?x=openid&y=?openid="),
        ("https://s.example/openid=o", "https://s.example/openid=o"),
        ("https://s.example/a?", "https://s.example/a?"),
        ("https://s.example/a?&x=1&&openid=o&", "https://s.example/a?&x=1&&"),
        ("https://s.example/a?%FFopenid=1&%zz=2", "https://s.example/a?%FFopenid=1&%zz=2"),
    ],
)
def test_what_any_program_could_read_as_ours_is_taken_out_and_nothing_else(url: str, expected: str) -> None:
    kept = return_urls.without_parameters(url, OURS)

    assert kept == expected


queries = st.text(st.sampled_from("openidsgtck=&;%5B6F[]+?/OID茶\0"), max_size=40)


@given(queries, queries)
def test_what_is_kept_is_what_was_there_in_its_order(query: str, fragment: str) -> None:
    url = f"https://s.example/a?{query}#{fragment}"

    kept = return_urls.without_parameters(url, OURS)

    before, _, after = kept.partition("#")
    left = iter(query)
    assert all(sign in left for sign in before.removeprefix("https://s.example/a").removeprefix("?"))
    assert after == fragment
    assert return_urls.without_parameters(kept, OURS) == kept
    assert not OURS & {name.lower() for name, _ in parse_qsl(urlsplit(before).query, keep_blank_values=True)}


addresses = st.text(st.sampled_from("abc=&?/;%20Ff茶+"), max_size=30).map(lambda tail: f"https://s.example/{tail}")


@given(addresses, queries, st.dictionaries(names, values, min_size=1))
def test_added_parameters_leave_every_other_byte_where_it_was(
    address: str, fragment: str, parameters: dict[str, str]
) -> None:
    added = return_urls.with_parameters(f"{address}#{fragment}", parameters)

    before, _, after = added.partition("#")
    assert before.startswith(address)
    assert after == fragment
    assert before.removeprefix(address).lstrip("?&").count("&") == len(parameters) - 1
