"""The READMEs say what the program does: settings, commands, addresses, refusals; in two languages, both ways round."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import pytest
import typer
from sqlalchemy import create_engine, text

from wxadmin.__main__ import cli
from wxadmin.app import ROUTES
from wxadmin.flows.begin import Beginning
from wxadmin.handlers.tickets import _REFUSALS
from wxadmin.settings import Settings

ROOT = Path(__file__).parent.parent
LANGUAGES = {"en": ROOT / "README.md", "zh_CN": ROOT / "docs" / "README.zh-CN.md"}
NONE = {"none", "无"}


@dataclass(frozen=True)
class Readme:
    """A README and the cells of its tables, headers left out."""

    text: str
    settings: list[list[str]]
    commands: list[list[str]]
    roles: list[list[str]]
    parameters: list[list[str]]
    refusals: list[list[str]]
    addresses: list[list[str]]

    @classmethod
    def read(cls, path: Path) -> Self:
        text = path.read_text("utf-8")
        found = [
            [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
            for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
        ]
        _, *tables = found
        return cls(text, *tables)

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"```{language}\n(.*?)```", self.text, re.DOTALL)

    @property
    def heading_levels(self) -> list[str]:
        return re.findall(r"^(#+) ", re.sub(r"```.*?```", "", self.text, flags=re.DOTALL), re.MULTILINE)


@pytest.fixture(params=LANGUAGES)
def readme(request: pytest.FixtureRequest) -> Readme:
    return Readme.read(LANGUAGES[request.param])


def test_every_setting_is_documented_and_every_documented_setting_exists(readme: Readme) -> None:
    documented = [name for name, _, _ in readme.settings]

    assert sorted(documented) == sorted(f"WXADMIN_{name.upper()}" for name in Settings.model_fields)


def test_the_defaults_of_the_settings_are_the_codes_own(readme: Readme) -> None:
    documented = {name: default for name, default, _ in readme.settings if default not in NONE}

    assert documented == defaults()


def test_every_command_is_documented_with_all_its_options_and_the_other_way_round(readme: Readme) -> None:
    documented = {
        command.split(" [")[0].split(" --")[0]: set(re.findall(r"--[a-z-]+", command)) for command, _ in readme.commands
    }

    assert documented == commands()


def test_every_parameter_of_auth_is_documented_and_the_other_way_round(readme: Readme) -> None:
    documented = {name for name, _ in readme.parameters}

    assert documented == {field.name for field in fields(Beginning)} - {"browser", "ip"}


def test_every_address_is_documented_and_every_documented_address_exists(readme: Readme) -> None:
    addresses = [address for address, *_ in readme.addresses + readme.roles]
    documented = [re.sub("<[a-z]+>", "1", address.replace("<16>", "0123456789abcdef")).split() for address in addresses]

    served = {
        (pattern, method, path)
        for pattern, handler in ROUTES
        for method, path in documented
        if re.fullmatch(pattern, path) and method.lower() in vars(handler)
    }

    assert {path for _, _, path in served} == {path for _, path in documented}
    assert {pattern for pattern, _, _ in served} == {pattern for pattern, _ in ROUTES}


def test_every_refusal_of_a_ticket_is_documented_with_its_status(readme: Readme) -> None:
    documented = {(int(status), reason) for status, reason, _ in readme.refusals if reason}

    assert documented == {(int(status), reason) for reason, (status, _) in _REFUSALS.items()} | {(401, "gw_site_key")}


def test_the_question_to_the_database_is_one_that_it_understands(readme: Readme, sqlite_url: str) -> None:
    (question,) = readme.blocks("sql")
    engine = create_engine(sqlite_url)

    with engine.connect() as connection:
        answer = connection.execute(text(question)).all()
    engine.dispose()

    assert answer == []


def test_both_languages_have_the_same_sections_and_examples() -> None:
    english, chinese = map(Readme.read, LANGUAGES.values())

    assert english.heading_levels == chinese.heading_levels
    for language in ("ini", "sh", "json", "sql"):
        assert english.blocks(language) == chinese.blocks(language) != []


def test_every_link_within_the_project_leads_somewhere() -> None:
    pages = [*LANGUAGES.values(), *(ROOT / "docs" / "decisions").glob("*.md")]
    links = [(page, target) for page in pages for target in re.findall(r"\]\(([^):#]+)\)", page.read_text("utf-8"))]

    missing = [(page.name, target) for page, target in links if not (page.parent / target).exists()]

    assert links
    assert missing == []


def defaults() -> dict[str, str]:
    """What is in force where nothing is set, for the settings of which that can be said in a word."""
    settings = Settings.model_construct()
    values: dict[str, Any] = {name: getattr(settings, name) for name in Settings.model_fields}
    values["database_url"] = settings.database
    values["public_url"] = settings.public_url_for(8000)
    values["outside_wechat"] = "page" if settings.asks_outside_wechat else "pass"
    return {f"WXADMIN_{name.upper()}": str(value) for name, value in values.items() if value not in (None, [])}


def commands() -> dict[str, set[str]]:
    """The options that each command shows in its help."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        if not hasattr(command, "commands"):
            shown = [option for option in command.params if not getattr(option, "hidden", False)]
            found[name] = {word for option in shown for word in option.opts if word.startswith("--")}
            return
        for word, subcommand in command.commands.items():
            walk(subcommand, f"{name} {word}".strip())

    walk(typer.main.get_command(cli), "")
    return found
