"""The command line: `wxadmin …`, and the same as `python -m wxadmin …`."""

import sys
from typing import Annotated

import typer

import wxadmin
from wxadmin.commands import (
    accounts,
    demo,
    doctor,
    export,
    keys,
    refresh,
    sample,
    serve,
    simulator,
    sites,
    staff,
    users,
)
from wxadmin.errors import WxadminError

cli = typer.Typer(
    help="A gateway and dashboard for WeChat web authorization (微信公众号网页授权).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(serve.serve)
cli.command()(demo.demo)
cli.command()(simulator.simulator)
cli.command()(serve.migrate)
cli.add_typer(accounts.commands, name="account")
cli.add_typer(sites.commands, name="site")
cli.add_typer(staff.commands, name="staff")
cli.add_typer(export.commands, name="export")
cli.add_typer(users.commands, name="user")
cli.add_typer(keys.commands, name="keys")
cli.command()(refresh.refresh)
cli.command()(doctor.doctor)
cli.command()(sample.sample)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(wxadmin.__version__)
        raise typer.Exit


@cli.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Settings come from the environment (WXADMIN_…) or a .env file; docs/reference.md lists them."""


def main() -> None:
    """Runs a command: exit code 0 when it is done, 1 when it failed, 2 when it was called wrongly."""
    try:
        # Typer's own way of saying what is wrong is a box; here it is a line, whoever or whatever reads it.
        code = cli(prog_name="wxadmin", standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(_in_a_line(error), err=True)
        sys.exit(error.exit_code)
    except typer.Abort:
        typer.echo("wxadmin: nothing was entered, and nothing done", err=True)
        sys.exit(1)
    except (WxadminError, OSError) as error:
        for line in str(error).splitlines():
            typer.echo(f"wxadmin: {line}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _in_a_line(error: typer.TyperException) -> str:
    """What is wrong with the words of a command, and what shows the right ones."""
    said = error.format_message()
    if said.count("\n") > 1:
        # A group without a command: its help, as it is.
        return said
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "wxadmin"
    problem = " ".join(said.split()).rstrip(".")
    return f"wxadmin: {problem[:1].lower()}{problem[1:]}; `{command} --help` shows what can be said"


if __name__ == "__main__":
    main()
