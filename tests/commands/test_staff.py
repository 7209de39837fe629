"""wxadmin staff …"""

from collections.abc import Callable, Sequence

import pytest

from tests.databases import on_sqlite
from tests.running import SiteKeys
from wxadmin.models import Site, Staff
from wxadmin.security.hashes import password_matches

Stored = Callable[[type], Sequence]
PASSWORD = "a long enough password"


def test_a_person_is_added_with_the_password_from_standard_input(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    said = wxadmin("staff", "add", "lin", "--role", "operator", said=f"{PASSWORD}\n")

    [lin] = stored(Staff)

    assert (said.code, said.out) == (0, "lin can sign in as operator\n")
    assert (lin.name, lin.role) == ("lin", "operator")
    assert lin.password_hash.startswith("$argon2id$")
    assert password_matches(lin.password_hash, PASSWORD)


@on_sqlite
def test_at_a_terminal_a_password_is_made_and_shown_once(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    said = wxadmin("staff", "add", "lin", "--role", "admin", said=None)

    [lin] = stored(Staff)

    assert said.code == 0
    assert len(said.out.strip()) == 16
    assert password_matches(lin.password_hash, said.out.strip())


@pytest.mark.parametrize(
    ("arguments", "piped", "told"),
    [
        (("add", "lin", "--role", "king"), PASSWORD, "the role is one of admin, operator"),
        (("add", "lin", "--role", "admin"), "short", "a password has at least 10 characters"),
        (
            ("add", "lin", "--role", "admin"),
            "",
            "no password came on standard input: pipe it in, or start this in a terminal",
        ),
        (("add", "Lin!", "--role", "admin"), PASSWORD, "'Lin!' cannot be a name"),
        (("add", "lin", "--role", "developer"), PASSWORD, "a developer needs at least one --site"),
        (("add", "lin", "--role", "admin", "--site", "shop"), PASSWORD, "a developer needs at least one --site"),
        (("add", "lin", "--role", "developer", "--site", "bar"), PASSWORD, "there is no site 'bar'"),
        (("set", "lin", "--site", "shop"), "", "there is no staff member 'lin'"),
        (("set", "lin"), "", "give --site or --two-step"),
        (("set", "lin", "--two-step"), "", "there is no staff member 'lin'"),
        (("disable", "lin"), "", "there is no staff member 'lin'"),
        (("reset", "lin"), PASSWORD, "there is no staff member 'lin'"),
    ],
)
@on_sqlite
def test_what_cannot_be_done_is_one_line(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored, *, arguments: tuple[str, ...], piped: str, told: str
) -> None:
    said = wxadmin("staff", *arguments, said=piped)

    assert said.code == 1
    assert said.err.startswith(f"wxadmin: {told}")
    assert len(said.err.splitlines()) == 1
    assert stored(Staff) == []


@on_sqlite
def test_people_are_listed_reset_and_switched_off(wxadmin: Callable, site_keys: SiteKeys, stored: Stored) -> None:
    wxadmin("staff", "add", "lin", "--role", "admin", said=PASSWORD)
    wxadmin("staff", "add", "chen", "--role", "developer", "--site", "shop", "--site", "clinic", said=PASSWORD)

    wxadmin("staff", "disable", "lin")
    off = wxadmin("staff", "list")
    wxadmin("staff", "reset", "lin", said="another good password")
    on = wxadmin("staff", "list")
    lin = next(person for person in stored(Staff) if person.name == "lin")

    assert [line.split() for line in off.out.splitlines()[1:]] == [
        ["chen", "developer", "clinic", "shop", "on"],
        ["lin", "admin", "all", "off"],
    ]
    assert on.out.splitlines()[2].split() == ["lin", "admin", "all", "on"]
    assert password_matches(lin.password_hash, "another good password")
    assert not password_matches(lin.password_hash, PASSWORD)


@on_sqlite
def test_a_developers_sites_are_replaced_or_come_with_a_new_site(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    wxadmin("staff", "add", "chen", "--role", "developer", "--site", "shop", said=PASSWORD)

    replaced = wxadmin("staff", "set", "chen", "--site", "clinic")
    new = ("site", "add", "--account", "tea", "--name", "mine", "--return-url", "https://mine.example.com/")
    added = wxadmin(*new, "--developer", "chen")
    listed = wxadmin("staff", "list")

    assert (replaced.code, replaced.out) == (0, "chen sees clinic\n")
    assert added.code == 0
    assert listed.out.splitlines()[1].split() == ["chen", "developer", "clinic", "mine", "on"]


@on_sqlite
def test_a_site_for_a_developer_who_is_not_there_is_not_added(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    new = ("site", "add", "--account", "tea", "--name", "mine", "--return-url", "https://mine.example.com/")

    refused = wxadmin(*new, "--developer", "nobody")

    assert refused.code == 1
    assert "there is no staff member 'nobody'" in refused.err
    assert not [site for site in stored(Site) if site.name == "mine"]


@on_sqlite
def test_a_two_step_code_is_demanded_and_no_longer(wxadmin: Callable, site_keys: SiteKeys, stored: Stored) -> None:
    wxadmin("staff", "add", "lin", "--role", "admin", said=PASSWORD)

    demanded = wxadmin("staff", "set", "lin", "--two-step")
    since = stored(Staff)[0].two_step_demanded_at
    lifted = wxadmin("staff", "set", "lin", "--no-two-step")

    assert (demanded.out, lifted.out) == (
        "a two-step code is demanded of lin\n",
        "a two-step code is not demanded of lin\n",
    )
    assert since is not None
    assert stored(Staff)[0].two_step_demanded_at is None
