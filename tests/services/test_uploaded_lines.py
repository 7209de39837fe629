"""What is read of a list that comes from Excel, WPS, Notepad or another system; and what is not."""

import codecs

import pytest

from wxadmin.errors import BadValue
from wxadmin.models import IdKind
from wxadmin.services import uploaded_lines
from wxadmin.services.uploaded_lines import read, values_of


def values(data: bytes | str, kind: IdKind = IdKind.REF) -> list[str]:
    return values_of(read(data.encode() if isinstance(data, str) else data).lines, kind).values


PLAIN = "会员一\n会员二\n"


@pytest.mark.parametrize(
    "data",
    {
        "utf-8": PLAIN.encode(),
        "utf-8 with mark": codecs.BOM_UTF8 + PLAIN.encode(),
        "gb18030": PLAIN.encode("gb18030"),
        "utf-16 of Excel": PLAIN.encode("utf-16"),
        "crlf": b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
        "cr": PLAIN.replace("\n", "\r").encode(),
        "no end": PLAIN.rstrip().encode(),
        "blank lines": f"\n\n{PLAIN}\n   \n\u3000\n".encode(),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_any_editor_may_have_written_it(data: tuple[str, bytes]) -> None:
    assert values(data[1]) == ["会员一", "会员二"]


@pytest.mark.parametrize(
    "text",
    [
        "M1,小雨,3\nM2,小雪,4\n",
        "M1\t小雨\nM2\t小雪\n",
        "M1;小雨\nM2;小雪\n",
        '"M1","小,雨"\n"M2","两\n行"\n',
        "ref,nickname\nM1,a\nM2,b\n",
        "业务用户号\nM1\nM2\n",
        "'M1\n'M2\n",
        " M1 \n\u200bM2\u200b\n",
    ],
    ids=["comma", "tab", "semicolon", "quotes", "heading", "chinese heading", "apostrophes", "blanks"],
)
def test_the_first_column_is_read(text: str) -> None:
    assert values(text) == ["M1", "M2"]


def test_the_heading_says_the_kind() -> None:
    assert [read(f"{heading}\noA\n".encode()).heading for heading in ("OpenID", "unionid", "Ref", "oB")] == [
        IdKind.OPENID,
        IdKind.UNIONID,
        IdKind.REF,
        None,
    ]


def test_repeats_and_unreadable_lines_are_told_by_their_numbers() -> None:
    lines = read("openid\noA\n\noB\noA\n小雨\n1.2E+10\n,oC\n".encode()).lines

    found = values_of(lines, IdKind.OPENID)

    assert (found.values, found.repeated, found.unreadable) == (["oA", "oB"], 1, [6, 7, 8])


def test_a_number_of_a_line_counts_those_within_quotes() -> None:
    lines = read('oA,"one\ntwo"\n小雨\n'.encode()).lines

    assert [line.number for line in lines] == [1, 3]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "nothing in it"),
        (b"\n \r\n", "nothing in it"),
        (b"openid\n", "nothing in it"),
        (b"PK\x03\x04\x14\x00\x06\x00", "save the sheet as CSV"),
        (b"\xff\xfe\x00", "save the sheet as CSV"),
        (b"oA\n\xff\xff\n", "save the sheet as CSV"),
        ("oA\x00\n".encode("utf-16-le"), "save the sheet as CSV"),
        (b'oA\n"oB\noC\n', "line 2 opens a quote"),
        (b'oA,"b\n' + b"oB\n" * 30, "line 1 opens a quote"),
        (b'"' + b"x" * 200_000 + b'"\n', "opens a quote"),
    ],
    ids=["empty", "blank", "heading alone", "workbook", "cut utf-16", "latin", "nul", "open", "swallows", "huge"],
)
def test_what_is_no_list_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(BadValue, match=says):
        read(data)


def test_a_list_without_one_id_is_refused() -> None:
    with pytest.raises(BadValue, match="no line holds"):
        values("小雨\n小雪\n", IdKind.OPENID)


@pytest.mark.parametrize("value", ["x" * 65, "a\u0007b"])
def test_a_reference_is_a_short_line(value: str) -> None:
    assert values_of(read(f"M1\n{value}\n".encode()).lines, IdKind.REF).unreadable == [2]


def test_more_lines_or_bytes_than_a_list_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaded_lines, "MOST_LINES", 3)
    monkeypatch.setattr(uploaded_lines, "LARGEST", 20)

    assert values("a\nb\nc\n") == ["a", "b", "c"]
    with pytest.raises(BadValue, match="at most 3 lines"):
        read(b"a\nb\nc\nd\n")
    with pytest.raises(BadValue, match="at most 0 MB"):
        read(b"a" * 21)


def test_two_hundred_thousand_lines_are_read() -> None:
    text = "".join(f"o{at:027}\r\n" for at in range(200_000))

    found = values_of(read(text.encode()).lines, IdKind.OPENID)

    assert (len(found.values), found.repeated, found.unreadable) == (200_000, 0, [])
