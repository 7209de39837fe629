"""The numbers that pages of the dashboard show, each by its definition, and the same counted by that definition's SQL.

A figure is known by the anchor of its definition and the span that it is of. Its value is text as pages write numbers,
or, where the definition counts by something, a dictionary of such texts.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.html_tree import Node, table
from wxadmin import days
from wxadmin.clock import hour_of
from wxadmin.days import DAY
from wxadmin.handlers.admin import definitions
from wxadmin.queries.standing import DYING_WITHIN
from wxadmin.queries.token_states import TokenHealth
from wxadmin.vocabulary import STAGES

Figure = tuple[str, str]
Key = tuple[str, ...]
Counted = dict[Key, tuple[str, ...]]
Value = str | Counted
Values = dict[Figure, Value]
Rows = Sequence[Sequence[Any]]

HOUR = timedelta(hours=1)
SQL = {definition.anchor: definition.sql for definition in definitions.ALL}
OTHERS = ("",)
# By how many columns at the front each definition counts; the others give one number.
_KEYS = {
    "failures_by_code": 1,
    "failures_by_step": 3,
    "people_affected": 3,
    "recovered_share": 3,
    "misconfigured": 3,
    "users_by_site": 2,
    "asked": 2,
    "token_states": 2,
    "refreshes": 1,
    "account_sites": 1,
    "funnel": 1,
    "step_times": 1,
}
_STAGES = {name: stage.value for stage, name in STAGES.items()}


@dataclass(frozen=True)
class Places:
    """The ids of accounts and sites by their titles, which pages show instead."""

    accounts: Mapping[str, str]
    sites: Mapping[str, str]


def read_overview(page: Node) -> Values:
    found = _cards(page, "today")
    for card in page.all("li", named="number"):
        notes = [delta.text for delta in card.all("span", named="delta")]
        before = [note.removeprefix("yesterday ") for note in notes if note.startswith("yesterday ")]
        found |= {(_anchor(card), "yesterday"): before[0]} if (_anchor(card), "today") in _OF_TODAY else {}
    return found | _read_failed(page, "30 days")


def _read_failed(page: Node, span: str) -> Values:
    codes = {_code(name): tuple(numbers) for name, *numbers in _rows(_section(page, "ranking"))}
    failures = _number(_section(page, "trend").one("p", named="sub"))
    return {("failures", span): failures, ("failures_by_code", span): codes}


def read_journey(page: Node, span: str) -> Values:
    """How many came how far, and how long it took; a step that never happened is in no answer."""
    steps = {(_STAGES[name],): (times,) for name, times, *_ in _rows(_section(page, "funnel")) if times != "0"}
    table_of_times = page.by_id("durations")
    assert table_of_times is not None
    times = {(_STAGES[name],): tuple(counts) for name, *counts in table(table_of_times).texts if set(counts) != {"0"}}
    return {("funnel", span): steps, ("step_times", span): times}


def read_range(page: Node, span: str) -> Values:
    """What the first page shows of the days that were chosen."""
    cards = {(anchor, span): value for (anchor, of), value in _cards(page, "today").items() if of == "today"}
    return {**cards, **read_journey(page, span), **_read_failed(page, span)}


def read_failures(page: Node, span: str) -> Values:
    found: Values = {("failures", span): "0", ("failures_by_code", span): {}}
    if page.by_id("chart"):
        chart = _section(page, "chart")
        found["failures", span] = _number(chart.one("p", named="sub"))
        found["failures_by_code", span] = _sums_of_columns(chart)
    steps: Counted = {}
    people: Counted = {}
    recovered: Counted = {}
    for event_class in ("failure", "abandoned", "refused", "blocked", "harmless"):
        if page.by_id(event_class):
            for code, count, _, stage, _, hit, got_on, *_ in _rows(_section(page, event_class)):
                key = (code, _STAGES[stage], event_class)
                steps[key], people[key] = (count,), (hit,)
                if event_class == "failure":
                    recovered[key] = (got_on,)
    return found | _of_kinds(span, steps, people, recovered)


def read_failure(page: Node, code: str, span: str, classes: Mapping[str, str]) -> Values:
    """The page of one code; `classes` are event classes by what they are called."""
    steps: Counted = {}
    people: Counted = {}
    recovered: Counted = {}
    for stage, called, count, _, hit, got_on, *_ in _rows(_section(page, "counts")) if page.by_id("counts") else ():
        key = (code, _STAGES[stage], classes[called])
        steps[key], people[key], recovered[key] = (count,), (hit,), (got_on,)
    return _of_kinds(span, steps, people, recovered)


def _of_kinds(span: str, steps: Counted, people: Counted, recovered: Counted) -> Values:
    """Recovered are of failures alone, and of those that are old enough."""
    shares = {key: share for key, share in recovered.items() if share != ("—",)}
    return {
        ("failures_by_step", span): steps,
        ("people_affected", span): people,
        ("recovered_share", span): shares,
    }


def read_scopes(page: Node, places: Places) -> Values:
    found = _cards(page, "")
    found["explicit_conversion", "30 days"] = found.pop(("explicit_conversion", ""))
    granted, asked = _section(page, "granted"), _section(page, "asked")
    weeks = [users for _, users in reversed(_rows(_section(page, "upgrades")))]
    found["upgrades", "12 weeks"] = _number_beside(_section(page, "upgrades"), "12 weeks")
    found |= {("upgrades", f"week {back}"): users for back, users in enumerate(weeks)}
    return found | {
        ("users_by_site", ""): {
            (places.accounts[account], places.sites[site]): tuple(numbers) for account, site, *numbers in _rows(granted)
        },
        ("asked", "30 days"): {
            (places.sites[site], scope.split()[-1]): tuple(numbers) for site, scope, *numbers in _rows(asked)
        },
    }


def read_tokens(page: Node, places: Places) -> Values:
    states = [state.value for state in TokenHealth if state is not TokenHealth.NONE]
    found = {figure: value for figure, value in _cards(page, "").items() if figure[0] != "refresh_lag"}
    by_state = {
        (places.accounts[account], state): (number,)
        for account, *numbers in _rows(_section(page, "states"))
        for state, number in zip(states, numbers, strict=False)
        if number != "0"
    }
    ending = sum(int_of(tokens) for _, tokens in _rows(_section(page, "forecast")))
    results = {_code(name): (times,) for name, _, times in _rows(_section(page, "refreshes")) if times != "0"}
    return found | {
        ("token_states", ""): by_state,
        ("forecast", "coming 30 days"): whole(ending),
        ("refreshes", "24 hours"): results,
    }


def read_count(page: Node, anchor: str) -> Values:
    """Of a list: what its sentence says, with a plus where there are more."""
    [mark] = [mark for mark in page.all("a", named="definition") if mark.attributes["href"].endswith(f"#{anchor}")]
    sentence = mark.within("p")
    assert sentence is not None
    return {(anchor, ""): _number(sentence) + ("+" if "more" in sentence.text.lower() else "")}


def read_accounts(page: Node, ids: Mapping[str, str]) -> Values:
    """`ids` are those of accounts by their titles."""
    sites = {(ids[row[1]],): (row[3],) for row in table(page).texts if row[3] != "0"}
    return {("account_sites", ""): sites}


def moments(span: str, now: datetime, zone: ZoneInfo) -> dict[str, datetime]:
    """What stands for the names in the SQL."""
    today = days.day_of(now, zone)
    midnight, hour = days.start_of(today, zone), hour_of(now)
    bounds = {
        "": (now, now),
        "today": (midnight, hour + HOUR),
        "yesterday": (days.start_of(today - DAY, zone), midnight),
        "24 hours": (hour - 23 * HOUR, hour + HOUR),
        "7 days": (days.start_of(today - 6 * DAY, zone), hour + HOUR),
        "30 days": (days.start_of(today - 29 * DAY, zone), hour + HOUR),
        "coming 30 days": (midnight, days.start_of(today + 30 * DAY, zone)),
    }
    monday = days.start_of(today - today.weekday() * DAY, zone)
    bounds["12 weeks"] = (_weeks_before(monday, 11, zone), hour + HOUR)
    if span.startswith("week "):
        back = int(span.removeprefix("week "))
        bounds[span] = (_weeks_before(monday, back, zone), _weeks_before(monday, back - 1, zone))
    start, end = bounds[span]
    three_days = hour_of(now + DYING_WITHIN) + HOUR
    return {
        "start": start,
        "end": end,
        "now": now,
        "ten_minutes_ago": now - timedelta(minutes=10),
        "this_hour": hour,
        "hour_after_three_days": three_days,
    }


def _weeks_before(monday: datetime, number: int, zone: ZoneInfo) -> datetime:
    return days.start_of(days.day_of(monday, zone) - 7 * number * DAY, zone)


def named_in(sql: str) -> set[str]:
    """The names in the SQL that stand for something."""
    return set(re.findall(r":([a-z_]+)", sql))


def counted(anchor: str, rows: Rows) -> Value:
    """What the definition's SQL has answered, written as pages write it."""
    if anchor not in _KEYS:
        [[number]] = rows
        return _written(number)
    keys = _KEYS[anchor]
    return {tuple(map(str, row[:keys])): tuple(map(_written, row[keys:])) for row in rows}


def differences(shown: Values, right: Values) -> list[str]:
    """Which figures are not those that they should be; of those that count by something, only where."""
    return [_told(figure, value, right[figure]) for figure, value in shown.items() if not _agree(value, right[figure])]


def _told(figure: Figure, shown: Value, right: Value) -> str:
    right = _like(shown, right)
    if isinstance(shown, str) or isinstance(right, str):
        return f"{figure} shows {shown}, counted {right}"
    wrong = [key for key in sorted(shown.keys() | right.keys()) if shown.get(key) != right.get(key)]
    return f"{figure} shows {[(key, shown.get(key)) for key in wrong]}, counted {[right.get(key) for key in wrong]}"


def _agree(shown: Value, right: Value) -> bool:
    """A chart shows the first number only of those that its definition counts."""
    right = _like(shown, right)
    if isinstance(shown, str) or isinstance(right, str):
        return _same(str(shown), str(right))
    return shown.keys() == right.keys() and all(
        _same(one, other) for key in shown for one, other in zip(shown[key], right[key], strict=False)
    )


def _same(shown: str, right: str) -> bool:
    if shown.endswith("+"):
        return int_of(right) >= int_of(shown)
    return shown.replace(",", "") == right.replace(",", "")


def _like(shown: Value, right: Value) -> Value:
    """What was counted, with what the page leaves to the others taken together."""
    if isinstance(shown, str) or isinstance(right, str) or OTHERS not in shown or OTHERS in right:
        return right
    others = sum(int_of(numbers[0]) for key, numbers in right.items() if key not in shown)
    total = sum(int_of(numbers[0]) for numbers in right.values())
    return {key: right[key] for key in right if key in shown} | {
        OTHERS: (whole(others), _per_cent(others / total))[: len(shown[OTHERS])]
    }


def whole(number: int) -> str:
    return f"{number:,}"


def _written(number: Any) -> str:
    text = "" if number is None else str(number)
    if not text:
        return "—"
    return _per_cent(float(text)) if "." in text or "E" in text else whole(int(text))


def _per_cent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _cards(page: Node, span: str) -> Values:
    found: Values = {}
    for card in page.all("li", named="number"):
        anchor = _anchor(card)
        value = card.one("b").text
        found[anchor, span if (anchor, span) in _OF_TODAY else ""] = value
    return found


_OF_TODAY = {(anchor, "today") for anchor in ("people", "succeeded", "success_rate", "new_users", "snapshot_share")}


def _anchor(node: Node) -> str:
    return node.one("a", named="definition").attributes["href"].partition("#")[2]


def _section(page: Node, heading: str) -> Node:
    found = page.by_id(heading)
    section = found and found.within("section")
    assert section is not None, heading
    return section


def _rows(section: Node) -> list[list[str]]:
    """What the cells of its first table say; none where it has no table, since there is nothing to show."""
    return table(section).texts if list(section.all("table")) else []


def _sums_of_columns(chart: Node) -> dict[Key, tuple[str, ...]]:
    """The folded table beneath a chart, whose columns are codes and whose last one adds them up."""
    read = table(chart)
    sums = [sum(int_of(row[column]) for row in read.texts) for column in range(1, len(read.head))]
    assert sum(sums[:-1]) == sums[-1]
    return {_code(cell.text): (whole(number),) for cell, number in zip(read.head[1:-1], sums, strict=False)}


def _code(text: str) -> Key:
    """The errcode or reason that a name begins with; that of what goes well, and of all others, is empty."""
    first = text.split(maxsplit=1)[0]
    return (first,) if re.fullmatch(r"-?\d+|gw_\w+", first) else OTHERS


def _number(sentence: Node) -> str:
    return re.findall(r"\d[\d,]*", sentence.text)[0]


def _number_beside(section: Node, span: str) -> str:
    """The number in a section's first sentence, which names a span as well."""
    sentence = next(section.all("p", named="sub"))
    return re.findall(r"\d[\d,]*", sentence.text.replace(span, ""))[0]


def int_of(text: str) -> int:
    """A whole number as pages write it; a plus says that there are more."""
    return int(text.rstrip("+").replace(",", "") or 0)


def only(values: Values, anchors: Iterable[str]) -> Values:
    """The figures of these definitions alone."""
    return {figure: value for figure, value in values.items() if figure[0] in anchors}


Ask = Callable[[str, Mapping[str, datetime]], Rows]


def count(ask: Ask, figures: Iterable[Figure], now: datetime, zone: ZoneInfo) -> Values:
    """Each figure counted by its definition's SQL; `ask` runs a query with the moments that it names."""
    return {
        (anchor, span): counted(
            anchor,
            ask(
                SQL[anchor],
                {name: at for name, at in moments(span, now, zone).items() if name in named_in(SQL[anchor])},
            ),
        )
        for anchor, span in figures
    }
