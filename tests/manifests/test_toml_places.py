"""Every value of a TOML file is found where it stands, however the file is written."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.errors import SourceError
from stripe_lint.manifests.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ODD = r'''# stripe, é and 漢字 before the columns
title = "a \" quote # no comment" # a comment
"quoted key" = 1
'literal.key'.inner = 'C:\path'
dotted . key = true
empty = ""
day = 1979-05-27 07:32:00
multi = """
[[not.a.table]]
name = "stripe" \""" still inside """""
literal = """"quoted" at the start"""
raw = \'\'\'
it's [raw]\'\'\'
nested = [ [1, 2], ["a", [ "b" ]], # comment with ]
  { x = 1, y = { z = "deep" } },
  "last", ]
inline = { a.b = [ "c" ], "d e" = 1e3 }

[[package]]
name = "one"

[package.source]
url = "https://index.example/simple"

[[package.files]]
file = "a"

[[package.files]]
file = "b"

[ "spaced" . 'table' ]
value = -inf

[[package]]
name = "two"
files = [{file = "c"}]
'''.replace("\\'", "'")

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def values_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from values_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from values_in(inner, (*path, index))
    else:
        yield path, value


def text_at(text: str, document: TomlDocument, path: tuple[str | int, ...]) -> str:
    span = document.span(path)
    lines = [line.encode() for line in text.split("\n")]
    if span.line == span.end_line:
        return lines[span.line - 1][span.column : span.end_column].decode()
    first, *between = lines[span.line - 1 : span.end_line - 1]
    return b"\n".join([first[span.column :], *between, lines[span.end_line - 1][: span.end_column]]).decode()


@pytest.mark.parametrize(
    "text", [ODD, ODD.rstrip("\n"), PROJECT.read_text(encoding="utf-8")], ids=["odd", "cut", "own"]
)
def test_each_value_is_where_it_is_said_to_be(text: str) -> None:
    document = TomlDocument(text)
    found = list(values_in(document.values))
    assert len(found) > 20
    for path, value in found:
        piece = text_at(text, document, path)
        pair = tomllib.loads(piece if isinstance(path[-1], str) else f"x = {piece}")
        assert [inner for _, inner in values_in(pair)] == [value], path


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\nb = [\n", 3, 1),
        ("a = 1\nb = ?\n", 2, 5),
        ("a = 1\na = 2\n", 2, 1),
        ("a = '", 1, 1),
    ],
)
def test_a_broken_file_says_where(text: str, line: int, column: int) -> None:
    with pytest.raises(SourceError, match="not valid TOML") as caught:
        TomlDocument(text)
    assert caught.value.line == line
    assert caught.value.column >= column


@pytest.mark.parametrize("depth", range(100, 1_300, 100))
def test_nesting_is_no_crash(depth: int) -> None:
    with suppress(SourceError):
        document = TomlDocument("a = " + "[" * depth + '"x"' + "]" * depth)
        assert document.span(("a",)).line == 1
