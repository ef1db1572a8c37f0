"""Reads the requirements in ``setup.cfg``, whose reader in the standard library tells no lines."""

from __future__ import annotations

import configparser
import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.errors import SourceError
from stripe_lint.manifests import entries
from stripe_lint.manifests.kinds import Kind
from stripe_lint.manifests.model import Entry, Include, Manifest, Role
from stripe_lint.manifests.places import Places
from stripe_lint.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECTION = re.compile(r"\[(?P<name>[^]]+)\]")
_OPTION = re.compile(r"(?P<name>[^\s:=][^:=]*?)\s*[:=]\s*(?P<value>.*)")
_COMMENT = re.compile(r"\s+#.*$")


class _Item(NamedTuple):
    """One line of a value, with its offsets in the text."""

    text: str
    start: int
    end: int


def read(path: Path, text: str) -> Manifest:
    """The entries of a ``setup.cfg``. Raises ``SourceError`` if it is no such file."""
    _validate(text)
    places = Places(text)
    found: list[Entry] = []
    includes: list[Include] = []
    for section, option, item in _items(text):
        if not (section == "options.extras_require" or (section == "options" and option == "install_requires")):
            continue
        if item.text.startswith("file:"):
            span = places.span(item.start, item.end)
            names = item.text.removeprefix("file:").split(",")
            includes += [Include(span, absolute(path.parent / name.strip()), Role.REQUIREMENT) for name in names]
            continue
        found.extend(entries.of_string(item.text, partial(places.span, item.start, item.end)))
    return Manifest(path, Kind.SETUP_CFG, tuple(found), tuple(includes))


def _validate(text: str) -> None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise SourceError("not a configuration file: it does not begin with a [section]", error.lineno) from error
    except configparser.ParsingError as error:
        raise SourceError("not a configuration file: the line can't be read", error.errors[0][0]) from error
    except configparser.Error as error:
        raise SourceError(f"not a configuration file: {error.message}") from error


def _items(text: str) -> Iterator[tuple[str, str, _Item]]:
    """Each line of each value with the section and option that it belongs to."""
    section = option = ""
    offset = 0
    for line in text.split("\n"):
        start, offset = offset, offset + len(line) + 1
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if not line[0].isspace():
            header = _SECTION.match(line)
            if header is not None:
                section, option = header["name"].strip(), ""
                continue
            found = _OPTION.match(line)
            if found is None:
                option = ""
                continue
            option, stripped = found["name"].lower(), found["value"]
            start += found.start("value")
        else:
            start += len(line) - len(line.lstrip())
        value = _COMMENT.sub("", stripped).rstrip()
        if option and value:
            yield section, option, _Item(value, start, start + len(value))
