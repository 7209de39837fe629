"""wxadmin doctor."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from wxadmin.commands.console import note, say

if TYPE_CHECKING:
    from wxadmin.doctor.findings import Finding

_PORT = 8000


def doctor(
    inside: Annotated[
        bool, typer.Option("--inside", help="Ask neither WeChat nor your own public address, only what is here.")
    ] = False,
) -> None:
    """Check the whole set-up, and say what to do about each fault; exit code 1 where one must be fixed."""
    import asyncio

    from wxadmin.clock import utcnow
    from wxadmin.commands.house import opened
    from wxadmin.demo.people import is_of_demo
    from wxadmin.doctor import looking
    from wxadmin.doctor.examining import examine
    from wxadmin.doctor.findings import Grade
    from wxadmin.queries import standing

    with opened(keys_may_be_missing=True) as house:
        loaded = house.settings
        tokens = house.database.read_now(standing.standing, now=utcnow(), zone=loaded.zone)
        picture = house.database.read_now(looking.look, loaded, loaded.public_url_for(_PORT), house.keys, tokens)
        if not inside and is_of_demo(loaded):
            note("this is the data of `wxadmin demo`, whose simulator stands for WeChat: nobody outside is asked;")
            note("the demo's dashboard asks the simulator, on the page Doctor")
            inside = True
        if not inside:
            note("asking WeChat and your public address …")
            picture = asyncio.run(looking.look_outside(picture, house.database, house.keys))
    findings = examine(picture)
    for finding in findings:
        if finding.grade is not Grade.FINE:
            _say(finding)
    grades = Counter(finding.grade for finding in findings)
    say(
        f"{grades[Grade.FATAL]} must be fixed, {grades[Grade.ATTENTION]} need attention, {grades[Grade.FINE]} passed"
        f"{'; WeChat and your public address were not asked' if inside else ''}"
    )
    if grades[Grade.FATAL]:
        raise typer.Exit(1)


def _say(finding: "Finding") -> None:
    from wxadmin.doctor.findings import Grade

    say(f"{'must be fixed' if finding.grade is Grade.FATAL else 'needs attention'}: {finding.said('en')}")
    if finding.menu is not None:
        entered = f", enter exactly {finding.paste}" if finding.paste else ""
        say(f"  in WeChat's console, {finding.menu.path} (as of {finding.menu.as_of:%Y-%m}){entered}")
    if advice := finding.advice("en"):
        say(f"  {advice}")
    if finding.paste and finding.menu is None:
        say(f"  {finding.paste}")
    say()
