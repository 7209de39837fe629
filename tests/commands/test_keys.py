"""wxadmin keys …"""

from collections.abc import Callable, Sequence

import pytest

from tests.databases import on_sqlite
from tests.factories import NodeFactory, SiteFactory, UserFactory, sealed_account, sealed_token, stored
from tests.rings import NEW, NEW_SECRET, OLD, OLD_SECRET, in_use, opens
from wxadmin.database import Database
from wxadmin.models import Account, AuditEntry, Token
from wxadmin.services import house
from wxadmin.tasks import keys as tasks

Stored = Callable[[type], Sequence]
FIRST, SECOND = NEW.sealing_id, OLD.sealing_id


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch, wxadmin: Callable) -> Callable[..., None]:
    """`ring(first, second)` is what WXADMIN_SECRET_KEYS says from now on."""
    return lambda *secrets: monkeypatch.setenv("WXADMIN_SECRET_KEYS", ",".join(secrets))


@pytest.fixture(autouse=True)
def set_up(database: Database, ring: Callable) -> None:
    """An installation of the old key: an account, a token with consent and one without."""
    database.write_now(house.require_keys, OLD.ids)
    site = database.write_now(stored, lambda: SiteFactory(account=sealed_account(OLD, name="tea")))
    for scope in ("snsapi_base,snsapi_userinfo", "snsapi_base"):
        database.write_now(stored, lambda scope=scope: sealed_token(OLD, user=UserFactory(site=site), scope=scope))
    ring(NEW_SECRET, OLD_SECRET)


def test_keys_are_listed_with_what_is_sealed_under_them_and_who_has_them(
    wxadmin: Callable, store: Callable[[Callable[[], object]], object]
) -> None:
    store(lambda: NodeFactory(pid=4711, host="gateway-2", key_ids=f"{SECOND},{FIRST}"))

    said = wxadmin("keys", "list")

    keys, processes = ([line.split() for line in part.splitlines()] for part in said.out.split("\n\n"))
    assert said.code == 0
    assert keys[0] == ["KEY", "SINCE", "APPSECRETS", "HAND-OFF", "KEYS", "TOKENS", "TWO-STEP", "SECRETS", "HERE"]
    assert [(line[0], *line[-5:]) for line in keys[1:]] == [(SECOND, "1", "0", "2", "0", "opens")]
    assert processes[0][:3] == ["PROCESS", "HOST", "SEEN"]
    assert (processes[1][:2], processes[1][-2:]) == (["4711", "gateway-2"], [SECOND, FIRST])


def test_a_rotation_says_what_it_did_and_which_key_is_needed_no_longer(wxadmin: Callable, database: Database) -> None:
    said = wxadmin("keys", "rotate")

    assert said.code == 0
    assert said.out.splitlines() == [
        f"sealed anew under key {FIRST}: 1 AppSecrets, 2 tokens",
        f"key {SECOND}: nothing needs it any more, take it out of WXADMIN_SECRET_KEYS on every host",
    ]
    assert database.read_now(in_use) == [FIRST]
    assert database.read_now(opens, NEW)


@on_sqlite
def test_after_a_rotation_commands_do_with_the_new_key_alone(wxadmin: Callable, ring: Callable) -> None:
    wxadmin("keys", "rotate")
    again = wxadmin("keys", "rotate")
    ring(NEW_SECRET)

    listed = wxadmin("account", "list")

    assert again.out.splitlines()[0] == f"sealed anew under key {FIRST}: nothing, all was so already"
    assert f"key {SECOND}: nothing needs it any more" in again.out
    assert listed.code == 0


@on_sqlite
def test_before_the_rotation_nothing_says_that_the_old_key_may_go(
    wxadmin: Callable, store: Callable[[Callable[[], object]], object]
) -> None:
    store(lambda: NodeFactory(pid=4711, host="gateway-2", key_ids=f"{SECOND},{FIRST}"))

    said = wxadmin("keys", "rotate")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(
        f"wxadmin: process 4711 on gateway-2 still seals under {SECOND}: "
        f"put {FIRST} first in its WXADMIN_SECRET_KEYS and restart it"
    )


@on_sqlite
def test_a_missing_key_is_named_with_the_ways_out(wxadmin: Callable, ring: Callable) -> None:
    ring(NEW_SECRET)

    said = wxadmin("keys", "rotate")
    listed = wxadmin("keys", "list")

    assert said.code == 1
    assert f"sealed under key {SECOND}, which WXADMIN_SECRET_KEYS does not have" in said.err
    assert "`wxadmin keys forget`" in said.err
    assert f"{SECOND} " in listed.out
    assert listed.out.rstrip().endswith("missing")


@on_sqlite
def test_a_value_that_does_not_open_is_told_with_what_to_do(
    wxadmin: Callable, database: Database, stored: Stored
) -> None:
    one, other = stored(Token)
    database.write_now(
        lambda session: session.execute(
            Token.__table__.update().where(Token.user_id == one.user_id).values(access_sealed=other.access_sealed)
        )
    )

    said = wxadmin("keys", "rotate")

    assert said.code == 1
    assert said.out == f"sealed anew under key {FIRST}: 1 AppSecrets, 1 tokens\n"
    assert f"1 tokens cannot be opened, though key {SECOND} is there" in said.err


@on_sqlite
def test_ctrl_c_says_that_it_goes_on_next_time(wxadmin: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "rotate", stopped)

    said = wxadmin("keys", "rotate")

    assert (said.code, said.out) == (1, "")
    assert said.err == "what is sealed anew stays so: run it again to go on\n"


def test_a_lost_key_is_forgotten_after_people_were_told_what_that_costs(
    wxadmin: Callable, ring: Callable, stored: Stored, database: Database
) -> None:
    ring(NEW_SECRET)

    said = wxadmin("keys", "forget", SECOND, said="y\n")

    assert said.code == 0
    assert said.err.splitlines()[:3] == [
        "account tea: no login until its AppSecret is entered again",
        "1 people who agreed: WeChat asks them again the next time a site wants their nickname",
        "1 people who were never asked: they notice nothing, their next visit brings a new token",
    ]
    assert said.out.splitlines() == [
        f"key {SECOND} is forgotten; given up: 1 AppSecrets, 2 tokens",
        "enter the AppSecret again: wxadmin account secret tea",
    ]
    assert {token.state for token in stored(Token)} == {"needs_consent"}
    assert [account.secret_sealed for account in stored(Account)] == [None]
    assert database.read_now(in_use) == []
    assert [(entry.actor, entry.action) for entry in stored(AuditEntry)] == [("command line", "key_forgotten")]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
@on_sqlite
def test_nothing_is_forgotten_unless_somebody_says_so(
    wxadmin: Callable, ring: Callable, stored: Stored, answer: str
) -> None:
    ring(NEW_SECRET)

    said = wxadmin("keys", "forget", SECOND, said=answer)

    assert said.code == 1
    assert {token.state for token in stored(Token)} == {"active"}
    assert stored(AuditEntry) == []


@on_sqlite
def test_nobody_is_asked_with_yes(wxadmin: Callable, ring: Callable, stored: Stored) -> None:
    ring(NEW_SECRET)

    said = wxadmin("keys", "forget", SECOND, "--yes")

    assert said.code == 0
    assert "no login until" in said.err
    assert {token.state for token in stored(Token)} == {"needs_consent"}


@pytest.mark.parametrize(
    ("secrets", "key", "told"),
    [
        ((NEW_SECRET, OLD_SECRET), SECOND, f"key {SECOND} is in WXADMIN_SECRET_KEYS, not lost"),
        ((NEW_SECRET,), "0badcafe", "no key '0badcafe' is needed: `wxadmin keys list`"),
        ((NEW_SECRET,), "", "no key '' is needed"),
        ((NEW_SECRET,), "没有", "no key '没有' is needed"),
    ],
)
@on_sqlite
def test_a_key_that_is_not_lost_or_not_there_is_not_forgotten(
    wxadmin: Callable, ring: Callable, stored: Stored, *, secrets: tuple[str, ...], key: str, told: str
) -> None:
    ring(*secrets)

    said = wxadmin("keys", "forget", key, "--yes")

    assert said.code == 1
    assert said.err.startswith(f"wxadmin: {told}")
    assert {token.state for token in stored(Token)} == {"active"}


@on_sqlite
def test_an_account_whose_key_was_forgotten_asks_for_its_appsecret(wxadmin: Callable, ring: Callable) -> None:
    ring(NEW_SECRET)
    wxadmin("keys", "forget", SECOND, "--yes")

    said = wxadmin("account", "check", "tea")

    assert said.code == 1
    assert said.err.startswith("wxadmin: the AppSecret is gone, with the key that it was sealed under")
