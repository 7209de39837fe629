"""wxadmin keys …"""

from typing import TYPE_CHECKING, Annotated

import typer

from wxadmin.commands.console import is_agreed, note, progress_line, say, table

if TYPE_CHECKING:
    from wxadmin.queries.keys import Loss
    from wxadmin.tasks.keys import Rotation

commands = typer.Typer(help="The keys that AppSecrets and tokens are sealed under (加密密钥).", no_args_is_help=True)


@commands.command("list")
def list_() -> None:
    """Show every key that is needed, how much is sealed under it, and which processes have it."""
    from wxadmin.clock import utcnow
    from wxadmin.commands.house import opened
    from wxadmin.models.sealed import SEALED_KINDS
    from wxadmin.queries import keys as queries

    with opened(keys_may_be_missing=True) as house:
        zone, now = house.settings.zone, utcnow()
        holdings = house.database.long_reads.read_now(queries.holdings)
        processes = house.database.read_now(queries.processes, now=now)
    here = {key: "seals" if key == house.keys.sealing_id else "opens" for key in house.keys.ids}
    kinds = [kind.name for kind in SEALED_KINDS]
    rows = [
        (
            held.key_id,
            f"{held.since.astimezone(zone):%Y-%m-%d %H:%M}" if held.since else "—",
            *(f"{held.rows[kind]:,}" for kind in kinds),
            here.get(held.key_id, "missing"),
        )
        for held in holdings
    ]
    table(["KEY", "SINCE", *(kind.upper() for kind in kinds), "HERE"], rows)
    if processes:
        say()
        table(
            ["PROCESS", "HOST", "SEEN", "SEALS UNDER", "OPENS"],
            [
                (
                    process.pid,
                    process.host,
                    f"{(now - process.seen_at).total_seconds():.0f} s ago",
                    process.key_ids[0] if process.key_ids else "?",
                    ", ".join(process.key_ids[1:]) or "—",
                )
                for process in processes
            ],
        )


@commands.command()
def rotate() -> None:
    """Seal everything under the first key of WXADMIN_SECRET_KEYS, while everything serves.

    Afterwards it says which keys nothing needs any more. Stopped at any moment, nothing is lost: run it again, and it
    goes on. Before, every process must have the new key, and have it first.
    """
    from wxadmin.commands.house import opened
    from wxadmin.services.audit import COMMAND_LINE
    from wxadmin.tasks import keys as tasks

    with opened() as house:
        with progress_line(if_stopped="what is sealed anew stays so: run it again to go on") as progress:
            rotation = tasks.rotate(house.database, house.keys, actor=COMMAND_LINE, progress=progress)
        ring, first = house.keys.ids, house.keys.sealing_id
    resealed = ", ".join(f"{rows:,} {kind}" for kind, rows in rotation.resealed.items() if rows)
    say(f"sealed anew under key {first}: {resealed or 'nothing, all was so already'}")
    for key in ring:
        if key not in {first, *rotation.needed}:
            say(f"key {key}: nothing needs it any more, take it out of WXADMIN_SECRET_KEYS on every host")
    _require_done(rotation)


@commands.command()
def forget(
    key_id: Annotated[str, typer.Argument(help="The key, as `wxadmin keys list` shows it.", metavar="KEY_ID")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give up what only a lost key opens. Before, it says what people will notice, and asks.

    Processes start again without the key. AppSecrets have to be entered again, people who agreed to tell their nickname
    are asked again, and everybody else notices nothing.
    """
    from wxadmin.commands.house import opened
    from wxadmin.errors import BadValue
    from wxadmin.queries import keys as queries
    from wxadmin.services.audit import COMMAND_LINE
    from wxadmin.tasks import keys as tasks

    with opened(keys_may_be_missing=True) as house:
        if key_id in house.keys.ids:
            raise BadValue(f"key {key_id} is in WXADMIN_SECRET_KEYS, not lost: `wxadmin keys rotate` replaces it")
        if key_id not in {held.key_id for held in house.database.long_reads.read_now(queries.holdings)}:
            raise BadValue(f"no key {key_id!r} is needed: `wxadmin keys list` shows those that are")
        loss = house.database.long_reads.read_now(queries.loss, key_id)
        for line in _notices(loss):
            note(line)
        if not yes and not is_agreed(f"Give up all that only key {key_id} opens?"):
            raise typer.Abort
        with progress_line(if_stopped="what is given up is gone: run it again to go on") as progress:
            given_up = tasks.forget(house.database, key_id, loss, actor=COMMAND_LINE, progress=progress)
    told = ", ".join(f"{rows:,} {kind}" for kind, rows in given_up.items() if rows)
    say(f"key {key_id} is forgotten; given up: {told or 'nothing'}")
    for account in loss.accounts:
        say(f"enter the AppSecret again: wxadmin account secret {account}")
    for person in loss.staff:
        say(f"let {person} sign in again: wxadmin staff reset {person}")
    for site in loss.sites:
        say(f"make a new hand-off key, and give it to the site: wxadmin site set {site} --handoff openid")


def _notices(loss: "Loss") -> list[str]:
    return [
        *(f"account {account}: no login until its AppSecret is entered again" for account in loss.accounts),
        *(f"site {site}: goes back to hand-off `ticket` until a new hand-off key is made" for site in loss.sites),
        *(f"{person} of the staff: cannot sign in until the sign-in is reset" for person in loss.staff),
        f"{loss.explicit:,} people who agreed: WeChat asks them again the next time a site wants their nickname",
        f"{loss.silent:,} people who were never asked: they notice nothing, their next visit brings a new token",
    ]


def _require_done(rotation: "Rotation") -> None:
    from wxadmin.errors import KeyStillNeeded

    if not rotation.needed:
        return
    needed = ", ".join(rotation.needed)
    if not rotation.broken.total():
        raise KeyStillNeeded(f"something was sealed under {needed} meanwhile: run `wxadmin keys rotate` again")
    broken = " and ".join(f"{rows:,} {kind}" for kind, rows in rotation.broken.items() if rows)
    raise KeyStillNeeded(
        f"{broken} cannot be opened, though key {needed} is there: altered, or moved to another row. To give them up, "
        f"stop `serve`, take the key out of WXADMIN_SECRET_KEYS, and run `wxadmin keys forget {rotation.needed[0]}`"
    )
