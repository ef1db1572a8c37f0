"""Reads the comments that silence findings in manifests, which are no Python: a comment is what its line says it is.

``# noqa: STP501`` and ``# stripe-lint: ignore[STP501] -- reason`` mean what they mean in code.
"""

from __future__ import annotations

import re

_NOQA = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_WHOLE_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_OWN = re.compile(r"#\s*stripe-lint:\s*(?P<reach>ignore|ignore-file)\[(?P<rules>[^\[\]#]*)\](?:\s*--.*)?\s*$")


class ManifestSuppressions:
    """The suppressions in one manifest.

    Lines that a backslash joins, as in requirements files, are one: there a comment can stand after the last only.
    """

    def __init__(self, text: str) -> None:
        """Takes the text, whose line ends are ``\\n``."""
        self._lines = text.split("\n")
        self._of_whole_file = [line for line in self._lines if _WHOLE_FILE.match(line) or "ignore-file" in line]

    def cover(self, code: str, name: str, line: int) -> bool:
        """Whether a comment silences a finding of the rule with this code and name on this line (from 1)."""
        if any(_WHOLE_FILE.match(each) or _ignores(each, "ignore-file", code, name) for each in self._of_whole_file):
            return True
        last = line
        while last < len(self._lines) and self._lines[last - 1].endswith("\\"):
            last += 1
        own = self._lines[line - 1 : last]
        above = self._lines[line - 2] if line > 1 else ""
        if above.lstrip().startswith("#"):
            own.append(above[above.index("#") :] if _OWN.search(above) else "")
        return any(_is_noqa_of(each, code) or _ignores(each, "ignore", code, name) for each in own)


def _is_noqa_of(line: str, code: str) -> bool:
    found = _NOQA.search(line)
    if found is None:
        return False
    codes = found["codes"]
    return codes is None or code.startswith(tuple(filter(None, re.split(r"[,\s]", codes))))


def _ignores(line: str, reach: str, code: str, name: str) -> bool:
    found = _OWN.search(line)
    if found is None or found["reach"] != reach:
        return False
    return not {code, name}.isdisjoint(rule.strip() for rule in found["rules"].split(","))
