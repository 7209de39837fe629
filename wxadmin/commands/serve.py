"""wxadmin serve, wxadmin migrate."""

from typing import Annotated

import typer


def serve(
    address: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 for all addresses.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    processes: Annotated[int, typer.Option(min=1, help="How many processes share the work; SQLite takes up to 3.")] = 1,
    child: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve visitors and staff and run the background jobs, until SIGTERM or Ctrl-C.

    What is in flight then is finished and stored before it exits with 0.
    """
    import asyncio
    import socket
    import threading

    from wxadmin import app, log, settings
    from wxadmin.errors import BadValue
    from wxadmin.processes import Children, when_parent_dies

    loaded = settings.load()
    log.set_up(loaded.log_level, loaded.log_format)
    if child is not None:
        parent, *fds = map(int, child.split(","))
        threading.Thread(target=when_parent_dies, args=(parent,), daemon=True).start()
        asyncio.run(app.serve(loaded, [socket.socket(fileno=fd) for fd in fds]))
        return
    if processes > 3 and loaded.database.startswith("sqlite"):
        raise BadValue("SQLite takes up to 3 processes: use --processes 3, or PostgreSQL (WXADMIN_DATABASE_URL)")
    sockets = app.listen(address, port)
    if processes == 1:
        asyncio.run(app.serve(loaded, sockets))
        return
    raise typer.Exit(Children(processes, sockets).run())


def migrate() -> None:
    """Bring the database to the newest schema. Safe when several start at once."""
    from wxadmin import settings
    from wxadmin.commands.console import say
    from wxadmin.database import schema

    before, after = schema.migrate(settings.load().database)
    say(f"the database is at {after}" + ("" if before == after else f", from {before or 'no schema'}"))
