"""Which release of stripe applies to a file: the nearest manifests, locks before pins before ranges."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from stripe_lint.manifests.requirement import StripeRequirement, stripe_requirement

if TYPE_CHECKING:
    from pathlib import Path

LOCK = '[[package]]\nname = "stripe"\nversion = "{}"\n'
PIPFILE_LOCK = '{{"default": {{"stripe": {{"version": "=={}"}}}}}}'


def asked(root: Path, files: dict[str, str | bytes], code: str = "app/pay.py") -> StripeRequirement | None:
    (root / ".git").mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return stripe_requirement(root / code)


@pytest.mark.parametrize(
    ("name", "content", "versions"),
    [
        ("requirements.txt", "flask\nStripe[async]==12.5.1 ; python_version > '3'\n", "==12.5.1"),
        ("requirements.txt", codecs.BOM_UTF16_LE + "stripe==12.5.1\r\n".encode("utf-16-le"), "==12.5.1"),
        ("requirements.txt", codecs.BOM_UTF16_BE + "stripe==12.5.1\r\n".encode("utf-16-be"), "==12.5.1"),
        ("requirements.txt", codecs.BOM_UTF8 + b"stripe>=12\r\n", ">=12"),
        ("requirements/base.txt", "stripe<9", "<9"),
        ("pyproject.toml", '[project]\ndependencies = ["stripe>=8,<9"]', "<9,>=8"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = "^8.1"', "<9,>=8.1"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = "~8.1.2"', "<8.2,>=8.1.2"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = "^0.3.1"', "<0.4,>=0.3.1"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = "7.*"', "==7.*"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nstripe = ">=7 <9"', "<9,>=7"),
        ("pyproject.toml", '[dependency-groups]\npay = ["stripe~=8.1"]', "~=8.1"),
        ("Pipfile", '[packages]\nstripe = "*"', ""),
        ("setup.cfg", "[options]\ninstall_requires =\n  flask\n  stripe>5\n", ">5"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['stripe>5'])", ">5"),
        ("setup.py", "import setuptools as s\nNEED = ['flask'] + ['stripe>5']\ns.setup(install_requires=NEED)", ">5"),
        ("setup.py", "from setuptools import setup\nsetup(extras_require={'stripe': ['stripe>5']})", ">5"),
        ("setup.py", "from setuptools import setup\nk = dict(install_requires='a\\nstripe>5')\nsetup(**k)", ">5"),
        ("poetry.lock", LOCK.format("8.1.0"), "==8.1.0"),
        ("uv.lock", LOCK.format("8.1.0"), "==8.1.0"),
        ("pdm.lock", LOCK.format("8.1.0"), "==8.1.0"),
        ("pylock.toml", LOCK.replace("package", "packages").format("8.1.0"), "==8.1.0"),
        ("Pipfile.lock", PIPFILE_LOCK.format("8.1.0"), "==8.1.0"),
    ],
)
def test_a_requirement_is_found(name: str, content: str | bytes, versions: str, tmp_path: Path) -> None:
    found = asked(tmp_path / "project", {name: content})
    assert found is not None
    assert str(found.versions) == versions
    assert found.path == tmp_path / "project" / name


ASKS_FOR_8 = '[project]\ndependencies = ["stripe>=8"]'
ASKS_FOR_10 = '[project]\ndependencies = ["stripe>=10"]'
OPENS_A_FILE = "from setuptools import setup\nsetup(install_requires=open('need.txt').read())"

DECISIONS: dict[str, tuple[dict[str, str], str | None, str]] = {
    "lock": ({"pyproject.toml": ASKS_FOR_8, "uv.lock": LOCK.format("9.1.0")}, "9.1.0", "uv.lock"),
    "pin": ({"requirements.in": "stripe>=8", "requirements.txt": "stripe==9.1.0"}, "9.1.0", "requirements.txt"),
    "production": (
        {"requirements.txt": "stripe==9.1.0", "requirements-dev.txt": "stripe==5.0.0"},
        "9.1.0",
        "requirements.txt",
    ),
    "include": ({"requirements.txt": "-r deps/a.txt", "deps/a.txt": "stripe==9.1.0"}, "9.1.0", "deps/a.txt"),
    "circle": ({"requirements.txt": "-r a.txt\n-r requirements.txt", "a.txt": "stripe==9.1.0"}, "9.1.0", "a.txt"),
    "constraint": (
        {"requirements.txt": "-c constraints.txt\nstripe", "constraints.txt": "stripe==9.1.0"},
        "9.1.0",
        "requirements.txt",
    ),
    "nearest": (
        {"app/requirements.txt": "stripe==9.1.0", "requirements.txt": "stripe==5.0.0"},
        "9.1.0",
        "app/requirements.txt",
    ),
    "above": ({"app/requirements.txt": "flask", "requirements.txt": "stripe==5.0.0"}, "5.0.0", "requirements.txt"),
    "workspace": ({"app/pyproject.toml": ASKS_FOR_8, "uv.lock": LOCK.format("9.1.0")}, "9.1.0", "uv.lock"),
    "other-lock": ({"app/pyproject.toml": ASKS_FOR_10, "uv.lock": LOCK.format("9.1.0")}, None, "app/pyproject.toml"),
    "setup-opens": ({"setup.py": OPENS_A_FILE, "need.txt": "stripe==9.1.0"}, "9.1.0", "need.txt"),
    "wheel": (
        {"requirements.txt": "stripe @ https://index.example/simple/stripe-9.1.0-py3-none-any.whl"},
        "9.1.0",
        "requirements.txt",
    ),
    "tag": ({"requirements.txt": "git+https://github.com/stripe/stripe-python@v9.1.0"}, "9.1.0", "requirements.txt"),
    "broken": (
        {"requirements.txt": "stripe=>9", "setup.py": "setup(install_requires=['stripe==9.1.0'])"},
        "9.1.0",
        "setup.py",
    ),
}


@pytest.mark.parametrize(("files", "locked", "path"), DECISIONS.values(), ids=DECISIONS)
def test_what_decides(files: dict[str, str], locked: str | None, path: str, tmp_path: Path) -> None:
    root = tmp_path / "project"
    found = asked(root, dict(files))
    assert found is not None
    assert (None if found.locked is None else str(found.locked)) == locked
    assert found.path == root / path


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"requirements.txt": "flask"},
        {"requirements.txt": "stripe-lint==1"},
        {"pyproject.toml": "[tool.stripe-lint]"},
        {"uv.lock": "<<<<<<< stripe"},
        {"requirements.txt": "git+https://github.com/stripe/stripe-python.git@master"},
        {"other/requirements.txt": "stripe==5.0.0"},
        {"setup.py": "setup(name='stripe')"},
    ],
)
def test_nothing_is_known(files: dict[str, str], tmp_path: Path) -> None:
    assert asked(tmp_path / "project", dict(files)) is None


def test_the_repository_is_the_limit(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("stripe==5.0.0\n", encoding="utf-8")
    assert asked(tmp_path / "project", {}) is None


@pytest.mark.parametrize(
    ("wanted", "version_range", "admits"),
    [
        ("==12.5.1", ">=13", False),
        ("==13.0.0", ">=13", True),
        ("==14.0.1", ">=13,<14.0.1", False),
        (">=8", ">=13,<14.0.1", True),
        (">=8,<13", ">=13", False),
        ("<=13.0", ">=13", True),
        ("==13.*", ">=13", True),
        ("~=12.5", ">=13", False),
        (">=12,!=13.0.0", "==13.0.0", False),
        ("==99.0.0", ">=15.0.0", True),
        (">=99", ">=15.0.0", True),
        (">99", ">=15.0.0", True),
        ("==15.1.0b1", ">=15.0.0", True),
        ("==15.0.0b1", ">=15.0.0", False),
        ("", ">=15.0.0", True),
        (">=8,<8", ">=8", False),
    ],
)
def test_ranges_meet_where_a_release_is_in_both(wanted: str, version_range: str, admits: bool, tmp_path: Path) -> None:
    found = asked(tmp_path / "project", {"requirements.txt": f"stripe{wanted}\n"})
    assert found is not None
    assert found.admits(version_range) is admits
    assert found.excludes(version_range) is not admits


@pytest.mark.parametrize(("said", "locked"), [("12.5.1", "12.5.1"), (">=12,<14", None), ("12", "12"), ("==12.*", None)])
def test_what_the_user_says_overrides_all(said: str, locked: str | None, tmp_path: Path) -> None:
    asked(tmp_path / "project", {"requirements.txt": "stripe==5.0.0"})
    found = stripe_requirement(tmp_path / "project" / "app" / "pay.py", said)
    assert found is not None
    assert found.path is None
    assert (None if found.locked is None else str(found.locked)) == locked
    assert found.admits(">=12,<13")
    assert not found.admits("<6")


@pytest.mark.parametrize("said", ["twelve", ">=", "12,5", "==12 || 13"])
def test_what_is_no_version_is_refused(said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        stripe_requirement(tmp_path / "pay.py", said)
