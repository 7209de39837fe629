"""wxadmin staff …"""

import sys
from typing import Annotated

import typer

from wxadmin.commands.console import note, read_secret, say, table
from wxadmin.errors import BadValue

commands = typer.Typer(help="People of the dashboard (成员).", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name that the person signs in with.")]


@commands.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(metavar="admin|operator|marketer|support|developer", help="What they may do.")],
    site: Annotated[
        list[str] | None, typer.Option(help="For a developer: a site that they may see.", metavar="SLUG")
    ] = None,
) -> None:
    """Add a person. The password comes on standard input; in a terminal one is made and printed once."""
    from wxadmin.commands.house import opened
    from wxadmin.services import staff
    from wxadmin.services.audit import COMMAND_LINE

    password, is_made = _password()
    with opened() as house:
        house.database.write_now(
            staff.add, name=name, role=role, password=password, site_names=site or [], actor=COMMAND_LINE
        )
    _tell(f"{name} can sign in as {role}", password, is_made=is_made)


@commands.command("list")
def list_() -> None:
    """Show all people."""
    from sqlalchemy import select
    from sqlalchemy.orm import selectinload

    from wxadmin.commands.house import opened
    from wxadmin.models import Staff

    query = select(Staff).order_by(Staff.name).options(selectinload(Staff.sites))
    with opened() as house:
        people = house.database.read_now(lambda session: session.scalars(query).all())
        table(
            ["NAME", "ROLE", "SITES", "STATE"],
            [
                (p.name, p.role, " ".join(site.name for site in p.sites) or "all", "off" if p.disabled_at else "on")
                for p in people
            ],
        )


@commands.command("set")
def set_(
    name: Name,
    site: Annotated[
        list[str] | None,
        typer.Option(help="A site that the developer may see. May be repeated.", metavar="SLUG"),
    ] = None,
    two_step: Annotated[
        bool | None, typer.Option("--two-step/--no-two-step", help="Whether a two-step code is demanded of them.")
    ] = None,
) -> None:
    """Change which sites a developer may see, those that are given in place of the old ones, or demand a code."""
    from wxadmin.commands.house import opened
    from wxadmin.services import staff
    from wxadmin.services.audit import COMMAND_LINE

    if not site and two_step is None:
        raise BadValue("give --site or --two-step")
    with opened() as house:
        if site:
            house.database.write_now(staff.change_sites, name, site, actor=COMMAND_LINE)
            say(f"{name} sees {' '.join(sorted(set(site)))}")
        if two_step is not None:
            house.database.write_now(staff.demand_code, name, is_demanded=two_step, actor=COMMAND_LINE)
            say(f"a two-step code is {'' if two_step else 'not '}demanded of {name}")


@commands.command()
def disable(name: Name) -> None:
    """Switch a person off; their sessions and keys end at once."""
    from wxadmin.commands.house import opened
    from wxadmin.services import staff
    from wxadmin.services.audit import COMMAND_LINE

    with opened() as house:
        house.database.write_now(staff.disable, name, actor=COMMAND_LINE)
        say(f"{name} is off")


@commands.command()
def reset(name: Name) -> None:
    """Give a person a new password, switch them on and their two-step sign-in off. Sessions and keys of theirs end.

    The password comes on standard input, or is made and printed once.
    """
    from wxadmin.commands.house import opened
    from wxadmin.services import staff
    from wxadmin.services.audit import COMMAND_LINE

    password, is_made = _password()
    with opened() as house:
        house.database.write_now(staff.reset, name, password, actor=COMMAND_LINE)
    _tell(f"{name} has a new password", password, is_made=is_made)


def _password() -> tuple[str, bool]:
    """The password, and whether it was made here."""
    from wxadmin.security.hashes import random_text

    if sys.stdin.isatty():
        return random_text(16).lower(), True
    return read_secret("password", at_terminal="start this in a terminal, where one is made"), False


def _tell(text: str, password: str, *, is_made: bool) -> None:
    if is_made:
        note(f"{text}; the password, shown only now:")
        say(password)
    else:
        say(text)
