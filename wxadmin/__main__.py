"""The command line: `wxadmin …`, and the same as `python -m wxadmin …`."""

import sys
from typing import Annotated

import typer

import wxadmin
from wxadmin.commands import accounts, demo, export, refresh, sample, serve, simulator, sites, staff
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
cli.command()(refresh.refresh)
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
    """Settings come from the environment (WXADMIN_…) or a .env file; the README lists them."""


def main() -> None:
    """Runs a command: exit code 0 when it is done, 1 when it failed, 2 when it was called wrongly."""
    try:
        cli()
    except (WxadminError, OSError) as error:
        for line in str(error).splitlines():
            typer.echo(f"wxadmin: {line}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
