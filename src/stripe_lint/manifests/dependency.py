"""Reads one dependency as manifests write it (PEP 508, and what pip takes besides), if it is one on ``stripe``."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.manifests.model import PACKAGE
from stripe_lint.manifests.versions import VersionRange, exactly, parse_range, reject_long_range

if TYPE_CHECKING:
    from packaging.markers import Marker

_SEPARATORS = re.compile(r"[-_.]+")
_LEADING_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_CONDA_PIN = re.compile(r"\s*[A-Za-z0-9._-]+=(?P<version>[0-9][^=\s]*)=\S+\s*")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_REPOSITORY: Final = re.compile(r"stripe/stripe-python(?:\.git)?(?=[@#/?]|$)")
_TAG = re.compile(r"@v?(\d+\.\d+\.\d+)(?=[#?]|$)")
_ADDRESS = re.compile(r"\s*(?:[a-z]+\+)?(?:https?|ssh|git|file)://|\s*git@|\s*\.{0,2}/", re.IGNORECASE)

_NEWEST_PYTHON: Final = (3, 15)
_PLATFORMS: Final = (("linux", "posix", "Linux"), ("win32", "nt", "Windows"), ("darwin", "posix", "Darwin"))


class Dependency(NamedTuple):
    """A dependency on ``stripe``; ``versions`` is ``None`` where they can't be told."""

    versions: VersionRange | None


def is_stripe(name: str) -> bool:
    """Whether this is the name of the package, in any of the spellings that are the same to an installer."""
    return _SEPARATORS.sub("-", name).lower() == PACKAGE


def parse_dependency(text: str) -> Dependency | None:
    """The dependency on ``stripe`` that ``text`` writes; ``None`` for any other, and for one that never applies.

    Raises ``ValueError`` for one on ``stripe`` that no installer could read.
    """
    if _ADDRESS.match(text):
        return Dependency(_version_in_address(text)) if _address_is_stripe(text) else None
    name = _LEADING_NAME.match(text)
    if name is None or not is_stripe(name[1]):
        return None
    return _parse_stripe(text)


@cache
def _parse_stripe(text: str) -> Dependency | None:
    reject_long_range(text)
    conda = _CONDA_PIN.fullmatch(text)
    if conda is not None:
        return Dependency(exactly(conda["version"]))
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f'"{text.strip()}" is no valid requirement') from error
    if found.marker is not None and not can_apply(found.marker):
        return None
    return Dependency(_version_in_address(found.url) if found.url else parse_range(str(found.specifier)))


def parse_marker(text: str) -> Marker:
    """The environment marker that ``text`` writes. Raises ``ValueError``."""
    from packaging.markers import InvalidMarker, Marker

    try:
        return Marker(text)
    except InvalidMarker as error:
        raise ValueError(f'"{text}" is no valid environment marker') from error


def pythons_since(oldest: tuple[int, int]) -> tuple[str, ...]:
    """The versions of Python, as ``3.11``, from ``oldest`` on."""
    return tuple(f"{oldest[0]}.{minor}" for minor in range(oldest[1], _NEWEST_PYTHON[1] + 1))


PYTHONS_OF_TODAY: Final = pythons_since((3, 8))
"""A requirement for older interpreters only says nothing of a program that this tool can check."""


def can_apply(marker: Marker, pythons: tuple[str, ...] = PYTHONS_OF_TODAY) -> bool:
    """Whether ``marker`` holds in some environment that a program runs in, with one of these versions of Python."""
    return _can_apply(marker, str(marker), pythons)


@cache
def _can_apply(marker: Marker, text: str, pythons: tuple[str, ...]) -> bool:
    if "extra" in text or "implementation" in text:
        return True
    for python, (sys_platform, os_name, system) in product(pythons, _PLATFORMS):
        environment = {
            "python_version": python,
            "python_full_version": f"{python}.1",
            "sys_platform": sys_platform,
            "os_name": os_name,
            "platform_system": system,
        }
        if marker.evaluate(environment):
            return True
    return False


def _address_is_stripe(address: str) -> bool:
    egg = _EGG.search(address)
    if egg is not None:
        return is_stripe(egg[1])
    return _REPOSITORY.search(address) is not None or _file_version(address) is not None


def _version_in_address(address: str) -> VersionRange | None:
    """The version of which an address says that it is: the name of a wheel or archive, or a tag of the repository."""
    version = _file_version(address)
    if version is None and _address_is_stripe(address):
        tag = _TAG.search(address)
        version = tag[1] if tag else None
    return None if version is None else exactly(version)


def _file_version(address: str) -> str | None:
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
    from packaging.version import InvalidVersion

    filename = re.split(r"[#?]", address.strip())[0].rpartition("/")[2]
    try:
        if filename.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(filename)
        elif filename.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(filename)
        else:
            return None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return str(version) if name == PACKAGE else None


def any_version() -> VersionRange:
    """The range that admits everything."""
    return parse_range("")
