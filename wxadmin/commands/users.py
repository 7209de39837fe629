"""wxadmin user …"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wxadmin.commands.console import is_agreed, note, say

if TYPE_CHECKING:
    from wxadmin.commands.house import House
    from wxadmin.queries.erasures import Identity

commands = typer.Typer(help="What one person may ask for (个人信息).", no_args_is_help=True)
OpenID = Annotated[str, typer.Argument(help="The person's OpenID at the account, all of it.", metavar="OPENID")]
Account = Annotated[str, typer.Option(metavar="SLUG", help="The service account that knows them by it.")]
OnlyThis = Annotated[bool, typer.Option("--only-this", help="Leave out their OpenIDs at other accounts.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Said in the audit log; never a person's name.")]


@commands.callback()
def about() -> None:
    """What one person may ask for (个人信息)."""


@commands.command()
def data(
    openid: OpenID,
    *,
    account: Account,
    only_this: OnlyThis = False,
    reason_note: Note = "",
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output if it is left out.")] = None,
) -> None:
    """Write all that is kept of a person as one JSON file, for that person (个人信息副本).

    It has profile, scopes, sites and channels, the times of the token, every login with its steps, and what staff noted
    about them, in the clear; no token and no secret. Those with the same UnionID are parts of the same file. That it
    was made is in the audit log.
    """
    import json

    from wxadmin.clock import utcnow
    from wxadmin.commands.house import opened
    from wxadmin.queries import person_copy
    from wxadmin.services import person_copies
    from wxadmin.services.audit import COMMAND_LINE
    from wxadmin.services.reveals import Reason

    with opened() as house:
        ids = [one.id for one in _identities(house, openid, account, only_this=only_this)]
        house.database.write_now(person_copies.note, ids, reason=Reason.OWN_DATA, note=reason_note, actor=COMMAND_LINE)
        document = house.database.read_now(person_copy.of_users, ids, at=utcnow())
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if output is None:
        say(text)
        return
    output.touch(mode=0o600)
    output.write_text(f"{text}\n")


@commands.command()
def forget(
    openid: OpenID,
    *,
    account: Account,
    only_this: OnlyThis = False,
    reason: Annotated[
        str, typer.Option(metavar="person_asks|consent_withdrawn|purpose_ended|other", help="Why.")
    ] = "person_asks",
    reason_note: Note = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a person's data (删除个人信息): nobody can bring them back. Before, it says whom, and asks.

    Tokens and tickets are deleted, the user becomes a tombstone without a name, logins keep their times and results,
    so that every count stays right. Then the database's own files are cleaned: SQLite's log of changes is emptied,
    PostgreSQL's tables are vacuumed. The receipt names the exports that may have held the person.
    """
    from wxadmin.commands.house import opened
    from wxadmin.database import scrubbing
    from wxadmin.services import cleaning, forgetting
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        people = _identities(house, openid, account, only_this=only_this)
        for one in people:
            note(f"{one.account_name}: {one.openid} {one.nickname or ''}".rstrip())
        if not yes and not is_agreed("Delete all personal data of this person? It cannot be undone."):
            raise typer.Abort
        ids = [one.id for one in people]
        receipts = house.database.write_now(
            forgetting.forget_all, ids, reason=reason, note=reason_note, actor=COMMAND_LINE
        )
        for receipt in receipts:
            told = ", ".join(f"{number} {table}" for table, number in receipt.rows.items())
            say(f"user {receipt.user_id}: deleted, receipt {receipt.id}; rows: {told}")
            say(f"exports that may have held them: {receipt.exports_total}; /admin/users/{receipt.user_id} names them")
        how = scrubbing.scrub(house.database.writer.url, cleaning.TABLES)
        if how is None:
            note("somebody still reads as of before: `wxadmin serve` cleans the database's files within minutes")
            return
        house.database.write_now(cleaning.note, [receipt.id for receipt in receipts], how=how)
        say(f"the database's files are clean: {how}")


def _identities(house: "House", openid: str, account: str, *, only_this: bool) -> Sequence["Identity"]:
    """Raises NoSuchAccount, NoSuchUser."""
    from wxadmin.errors import NoSuchUser
    from wxadmin.queries import erasures

    user_id = house.database.read_now(erasures.with_openid, account, openid)
    if user_id is None:
        raise NoSuchUser
    found = house.database.read_now(erasures.identities, user_id)
    return found[:1] if only_this else found
