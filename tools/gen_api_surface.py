"""Writes ``src/stripe_lint/data/api_surface.json``: every request that a method of the ``stripe`` package sends.

    python tools/stripe_releases.py                      # fetches the releases and regenerates everything
    python tools/gen_api_surface.py DIRECTORY...         # only this file, from unpacked packages, oldest first

``probe_stripe.py`` tells what each release does, ``critical_calls.py`` what that means; this file joins them. The
newest release that has a method decides its verb, its parameters and what it returns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from critical_calls import CREATING_LISTS, CRITICAL, READ_ONLY, Critical
from render_json import rendered
from stripe_releases import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILE = "api_surface.json"
PROBE = Path(__file__).with_name("probe_stripe.py")
# What these return is written down in no annotation, or as ``Self``.
RETURN_THEMSELVES = frozenset({"refresh", "retrieve", "save"})
# The same, for methods that were gone before there were annotations.
RETURNED_THEMSELVES = frozenset({"cancel", "create", "modify", "pay", "refund", "reopen", "submit"})


class StaleRowError(Exception):
    """A row of ``critical_calls.py`` names a method that no release has."""


def probe(package: Path) -> dict[str, Any]:
    """What one unpacked package does, asked in a process of its own."""
    command = [sys.executable, "-W", "ignore", str(PROBE), str(package)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def surface(probes: Sequence[dict[str, Any]], *, strict: bool = True) -> dict[str, Any]:
    """The content of the data file, from what the releases do, oldest first.

    ``strict`` demands that every row of the classification matches, which only the whole list of releases can give.
    """
    newest = probes[-1]["version"]
    resources = merged_resources(probes)
    methods = merged([(probe["version"], probe["methods"]) for probe in probes], resources, newest)
    methods |= list_methods(probes, resources, newest)
    services = merged([(probe["version"], probe["services"]) for probe in probes], resources, newest)
    classify(methods, services, strict=strict)
    return {
        "generator": "tools/gen_api_surface.py",
        "stripe_versions": [probe["version"] for probe in probes],
        "critical": {row.name: critical(row) for row in CRITICAL},
        "resources": {
            path: newest_left_out({"first": first, "last": last}, newest) for path, (first, last) in resources.items()
        },
        "methods": methods,
        "services": services,
    }


def merged_resources(probes: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Each resource path with the first and the last release that has it."""
    found: dict[str, tuple[str, str]] = {}
    for probed in probes:
        for path in probed["resources"]:
            found[path] = (found.get(path, (probed["version"],))[0], probed["version"])
    return found


def merged(
    releases: Iterable[tuple[str, list[dict[str, Any]]]], resources: dict[str, tuple[str, str]], newest: str
) -> dict[str, dict[str, Any]]:
    """One entry a method, its facts from the newest release that states them."""
    found: dict[str, dict[str, Any]] = {}
    for version, records in releases:
        for record in records:
            before = found.get(record["path"], {"first": version})
            # Annotations came late, and what they say of a method that kept its name held before as well.
            known = record if record["typed"] else before
            entry = {"first": before["first"], "last": version, **record["positional"]}
            entry |= {"verb": record["verb"], "api": record["url"].split("/")[1]}
            entry |= {key: known.get(key) for key in ("returns", "list_of")}
            entry["typed"] = record["typed"] or before.get("typed", False)
            if record["async"]:
                entry["async"] = before.get("async", version)
            found[record["path"]] = entry
    for path, entry in found.items():
        owner, _, name = path.rpartition(".")
        if owner in resources and not entry.get("returns") and not entry.get("list_of"):
            guess_answer(entry, owner, name)
        tidy(entry, newest)
    return found


def guess_answer(entry: dict[str, Any], owner: str, name: str) -> None:
    """Fill in what a method returns where no release has a type that tells."""
    if name in RETURN_THEMSELVES or (not entry["typed"] and name in RETURNED_THEMSELVES):
        entry["returns"] = owner
    elif not entry["typed"] and name in {"all", "list"}:
        entry["list_of"] = owner


def list_methods(
    probes: Iterable[dict[str, Any]], resources: dict[str, tuple[str, str]], newest: str
) -> dict[str, dict[str, Any]]:
    """The ``create`` of the lists inside objects; lists take a POST for as long as their owners exist."""
    elements: dict[str, str | None] = {}
    for probed in probes:
        elements |= probed["lists"]
    found: dict[str, dict[str, Any]] = {}
    for path in CREATING_LISTS:
        if path in elements:
            first, last = resources[path.rpartition(".")[0]]
            entry = {"verb": "post", "api": "v1", "instance": [], "first": first, "last": last}
            found[f"{path}.create"] = tidy(entry | {"returns": elements[path]}, newest)
    return found


def tidy(entry: dict[str, Any], newest: str) -> dict[str, Any]:
    """Leave out of an entry what is as usual; the loader puts it back."""
    entry.pop("typed", None)
    for key in ("returns", "list_of"):
        if not entry.get(key):
            entry.pop(key, None)
    if entry["api"] == "v1":
        del entry["api"]
    return newest_left_out(entry, newest)


def newest_left_out(entry: dict[str, Any], newest: str) -> dict[str, Any]:
    """Leave the last release out where it is the newest of all."""
    if entry["last"] == newest:
        del entry["last"]
    return entry


def critical(row: Critical) -> dict[str, Any]:
    """A row of the classification without what only its readers need."""
    return {key: value for key, value in asdict(row).items() if value and key not in {"methods", "name", "reason"}}


def classify(methods: dict[str, Any], services: dict[str, Any], *, strict: bool) -> None:
    """Mark the entries that the classification names."""
    marks: list[tuple[str, str, str | bool]] = [
        *((path, "critical", row.name) for row in CRITICAL for path in row.methods),
        *((path, "read_only", True) for row in READ_ONLY for path in row.methods),
    ]
    stale = []
    for path, key, value in marks:
        entry = (methods if path.startswith("stripe.") else services).get(path)
        if entry is None or entry["verb"] != "post":
            stale.append(path)
        else:
            entry[key] = value
    if strict and stale:
        raise StaleRowError(", ".join(stale))


def write(packages: Sequence[Path], target: Path) -> None:
    """Regenerate the data file."""
    target.write_text(rendered(surface([probe(package) for package in packages])), "utf-8")


if __name__ == "__main__":
    write([Path(argument) for argument in sys.argv[1:]], DATA / FILE)
