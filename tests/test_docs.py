"""The documents say what the program does: settings, commands, addresses, refusals, in two languages, both ways round;
the pictures and examples that they show are there."""

import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Self

import pytest
import typer
from sqlalchemy import create_engine, text
from tornado.web import RequestHandler

from wxadmin.__main__ import cli
from wxadmin.app import ROUTES
from wxadmin.flows.begin import Beginning
from wxadmin.handlers.limits import Limits
from wxadmin.handlers.tickets import _REFUSALS, RedeemAnswer
from wxadmin.models import Outcome
from wxadmin.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TOPICS = ("integrate", "install", "dashboard", "simulator", "reference")
LANGUAGES = {
    "en": [ROOT / "README.md", *(DOCS / f"{topic}.md" for topic in TOPICS)],
    "zh_CN": [DOCS / "README.zh-CN.md", *(DOCS / f"{topic}.zh-CN.md" for topic in TOPICS)],
}
# What is told apart by its language on one page of examples.
EXAMPLES = {
    "sh": ["redeem.sh"],
    "python": ["redeem.py", "handoff.py"],
    "js": ["redeem.mjs"],
    "java": ["Redeem.java"],
    "php": ["redeem.php"],
    "go": ["redeem.go"],
}
NONE = {"none", "无"}


@dataclass(frozen=True)
class Page:
    """A page's text, and the cells of its tables, headers left out."""

    path: Path
    text: str
    tables: list[list[list[str]]]

    @classmethod
    def read(cls, path: Path) -> Self:
        text = path.read_text("utf-8")
        tables = [
            [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
            for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
        ]
        return cls(path, text, tables)

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"^ *```{language}\n(.*?)^ *```", self.text, re.DOTALL | re.MULTILINE)

    @property
    def heading_levels(self) -> list[str]:
        return re.findall(r"^(#+) ", re.sub(r"```.*?```", "", self.text, flags=re.DOTALL), re.MULTILINE)

    @property
    def links(self) -> list[str]:
        """What links and pictures lead to within the project."""
        linked = re.findall(r"\]\(([^):]+)\)", self.text)
        return linked + re.findall(r"(?:src|srcset)=\"([^\":]+)\"", self.text)

    @property
    def anchors(self) -> set[str]:
        """What headings are called in links, as GitHub makes it."""
        headings = re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@dataclass(frozen=True)
class Documents:
    """The pages of a language, and the tables that are held to the program."""

    readme: Page
    integrate: Page
    install: Page
    dashboard: Page
    simulator: Page
    reference: Page

    @classmethod
    def read(cls, language: str) -> Self:
        return cls(*map(Page.read, LANGUAGES[language]))

    @property
    def pages(self) -> list[Page]:
        return [getattr(self, field.name) for field in fields(self)]

    @property
    def settings(self) -> list[list[str]]:
        return self.reference.tables[0]

    @property
    def commands(self) -> list[list[str]]:
        return self.reference.tables[1]

    @property
    def addresses(self) -> list[list[str]]:
        return self.reference.tables[2]

    @property
    def limits(self) -> list[list[str]]:
        return self.reference.tables[3]

    @property
    def roles(self) -> list[list[str]]:
        (table,) = (table for table in self.readme.tables if table[0][0].startswith("GET "))
        return table

    @property
    def parameters(self) -> list[list[str]]:
        return self.integrate.tables[0]

    @property
    def answer(self) -> list[list[str]]:
        return self.integrate.tables[1]

    @property
    def refusals(self) -> list[list[str]]:
        return self.integrate.tables[2]

    @property
    def outcomes(self) -> list[list[str]]:
        return self.integrate.tables[3]


@pytest.fixture(params=LANGUAGES)
def documents(request: pytest.FixtureRequest) -> Documents:
    return Documents.read(request.param)


def test_every_setting_is_documented_and_every_documented_setting_exists(documents: Documents) -> None:
    documented = [name for name, _, _ in documents.settings]

    assert sorted(documented) == sorted(f"WXADMIN_{name.upper()}" for name in Settings.model_fields)


def test_the_defaults_of_the_settings_are_the_codes_own(documents: Documents) -> None:
    documented = {name: default for name, default, _ in documents.settings if default not in NONE}

    assert documented == defaults()


def test_every_command_is_documented_with_all_its_options_and_the_other_way_round(documents: Documents) -> None:
    documented = {
        command.split(" [")[0].split(" --")[0]: set(re.findall(r"--[a-z-]+", command))
        for command, _ in documents.commands
    }

    assert documented == commands()


def test_every_parameter_of_auth_is_documented_and_the_other_way_round(documents: Documents) -> None:
    documented = {name for name, _ in documents.parameters}

    asked = {field.name for field in fields(Beginning) if field.default is MISSING}
    assert documented == asked - {"browser", "ip"}


def answers(handler: type[RequestHandler], method: str) -> bool:
    """Whether the handler, or what it is made of, has the method."""
    return getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())


def test_every_address_is_documented_and_every_documented_address_exists(documents: Documents) -> None:
    addresses = [address for address, *_ in documents.addresses + documents.roles]
    documented = [re.sub("<[a-z]+>", "1", address.replace("<16>", "0123456789abcdef")).split() for address in addresses]

    served = {
        (pattern, method, path)
        for pattern, handler in ROUTES
        for method, path in documented
        if re.fullmatch(pattern, path) and answers(handler, method)
    }

    assert {path for _, _, path in served} == {path for _, path in documented}
    assert {pattern for pattern, _, _ in served} == {pattern for pattern, _ in ROUTES}


def test_every_refusal_of_a_ticket_is_documented_with_its_status(documents: Documents) -> None:
    documented = {(int(status), reason) for status, reason, _ in documents.refusals if reason}

    of_the_key = {(401, "gw_site_key"), (429, "gw_rate_limited")}
    assert documented == {(int(status), reason) for reason, (status, _) in _REFUSALS.items()} | of_the_key


def test_every_limit_is_documented_with_its_number(documents: Documents) -> None:
    documented = [int(re.search("[0-9]+", a_minute)[0]) for _, a_minute, _ in documents.limits]  # type: ignore[index]

    limits = Limits()
    of_staff = (limits.staff_keys, limits.staff_requests, limits.sign_ins)
    in_order = (limits.states, limits.page_codes, limits.site_keys, *of_staff, limits.refused_starts)
    assert documented == [limit.a_minute for limit in in_order]
    assert len(in_order) == len(fields(limits))


def test_the_question_to_the_database_is_one_that_it_understands(documents: Documents, sqlite_url: str) -> None:
    (question,) = documents.dashboard.blocks("sql")
    engine = create_engine(sqlite_url)

    with engine.connect() as connection:
        answer = connection.execute(text(question)).all()
    engine.dispose()

    assert answer == []


def test_every_field_of_an_answer_is_documented_and_the_other_way_round(documents: Documents) -> None:
    documented = {name for name, _ in documents.answer}
    (shown,) = documents.readme.blocks("json")

    assert documented == set(RedeemAnswer.model_fields)
    assert set(RedeemAnswer.model_validate_json(shown).model_fields_set) == documented


def test_every_outcome_is_explained(documents: Documents) -> None:
    explained = {word for outcome, *_ in documents.outcomes for word in re.findall("[a-z]+", outcome)}

    assert explained - {"waiting"} == set(Outcome)


@pytest.mark.parametrize("language", EXAMPLES)
def test_an_example_that_is_shown_is_the_one_that_is_tried(documents: Documents, language: str) -> None:
    shown = documents.integrate.blocks(language)

    links = " ".join(documents.readme.links + documents.integrate.links)
    for block, name in zip(shown, EXAMPLES[language], strict=True):
        assert block in (DOCS / "examples" / name).read_text("utf-8")
        assert name in links


def test_both_languages_have_the_same_sections_and_examples() -> None:
    for english, chinese in zip(Documents.read("en").pages, Documents.read("zh_CN").pages, strict=True):
        assert english.heading_levels == chinese.heading_levels
        assert [len(table) for table in english.tables] == [len(table) for table in chinese.tables]
        for language in ("ini", "nginx", "json", "html", "sql", *EXAMPLES):
            assert english.blocks(language) == chinese.blocks(language)


def test_every_link_within_the_project_leads_somewhere() -> None:
    pages = [Page.read(path) for path in [ROOT / "README.md", *DOCS.rglob("*.md")]]
    links = [(page, *target.partition("#")[::2]) for page in pages for target in page.links]

    missing = [
        (page.path.name, target, anchor)
        for page, target, anchor in links
        if not (found := page.path.parent / target if target else page.path).exists()
        or (anchor and anchor not in Page.read(found).anchors)
    ]

    assert links
    assert missing == []


def test_every_picture_is_shown_and_small_enough_to_be_loaded_with_its_page() -> None:
    shown = {link.rpartition("/")[2] for language in LANGUAGES for link in Documents.read(language).readme.links}
    kept = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}

    assert set(kept) <= shown
    assert [name for name, size in kept.items() if size > 190_000] == []


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
