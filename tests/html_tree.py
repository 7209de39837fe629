"""A page as a tree of its elements, to find what it shows by where that stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(eq=False)
class Node:
    """An element; `parent` is None for the page itself."""

    tag: str
    attributes: dict[str, str]
    parent: "Node | None"
    children: "list[Node | str]" = field(default_factory=list)

    def all(self, *tags: str, named: str | None = None) -> "Iterator[Node]":
        """The elements within, of these tags and with this class, in their order."""
        for child in self.children:
            if isinstance(child, Node):
                if (not tags or child.tag in tags) and (named is None or named in child.classes):
                    yield child
                yield from child.all(*tags, named=named)

    def one(self, *tags: str, named: str | None = None) -> "Node":
        """The first of them."""
        return next(self.all(*tags, named=named))

    def by_id(self, name: str) -> "Node | None":
        return next((node for node in self.all() if node.attributes.get("id") == name), None)

    def within(self, *tags: str) -> "Node | None":
        """The nearest element around it that has one of these tags."""
        node = self.parent
        while node and node.tag not in tags:
            node = node.parent
        return node

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        """What it says, with single blanks; marks that lead to definitions left out."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif "definition" not in child.classes:
                yield from child._texts()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = self._open = Node("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(node)
        if tag not in _VOID:
            self._open = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.children.append(Node(tag, {name: value or "" for name, value in attrs}, self._open))

    def handle_endtag(self, tag: str) -> None:
        node: Node | None = self._open
        while node and node.tag != tag:
            node = node.parent
        if node and node.parent:
            self._open = node.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)


def read(html: str) -> Node:
    """The page's tree."""
    builder = _Builder()
    builder.feed(html)
    return builder.page


@dataclass(frozen=True)
class Table:
    """The cells of the head's row, and those of each row of the body."""

    node: Node
    head: list[Node]
    rows: list[list[Node]]

    @property
    def texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]


def table(node: Node) -> Table:
    """What the element `<table>` holds, or the first one within."""
    node = node if node.tag == "table" else node.one("table")
    head, body = node.one("thead"), node.one("tbody")
    return Table(node, list(head.all("th")), [list(row.all("th", "td")) for row in body.all("tr")])
