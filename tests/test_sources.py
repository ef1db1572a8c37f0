"""Which files are read, and how their bytes become text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from shop import CLEAN, UNKEYED, Shop

from stripe_lint.errors import SourceError
from stripe_lint.sources import decode, find_root
from stripe_lint.test_code import is_test_code

if TYPE_CHECKING:
    from pathlib import Path

NOT_PYTHON = "this is (not Python\n"
CALL = 'stripe.PaymentIntent.create(amount=1, currency="usd")'


@pytest.mark.parametrize(
    ("data", "encoding", "bom", "newline", "text"),
    [
        (b"a\nb\n", "utf-8", False, "\n", "a\nb\n"),
        (b"a\r\nb\r\n", "utf-8", False, "\r\n", "a\nb\n"),
        (b"a\rb\r", "utf-8", False, "\r", "a\nb\n"),
        (b"a\nb\r\n", "utf-8", False, "\n", "a\nb\n"),
        (b"a\r\nb\n", "utf-8", False, "\r\n", "a\nb\n"),
        (b"\xef\xbb\xbfa", "utf-8", True, "\n", "a"),
        (b"\xef\xbb\xbf# coding: utf-8\na", "utf-8", True, "\n", "# coding: utf-8\na"),
        (b"# coding: latin-1\n# \xe9", "iso-8859-1", False, "\n", "# coding: latin-1\n# é"),
        (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n# \x80", "cp1252", False, "\n", None),
        ("# é".encode(), "utf-8", False, "\n", "# é"),
        (b"", "utf-8", False, "\n", ""),
        (b"a\x0cb\x1cc", "utf-8", False, "\n", "a\x0cb\x1cc"),
    ],
)
def test_what_a_file_was_is_remembered(
    data: bytes, encoding: str, bom: bool, newline: str, text: str | None, tmp_path: Path
) -> None:
    source = decode(data, tmp_path / "a.py", "a.py")
    assert (source.encoding, source.bom, source.newline, source.data) == (encoding, bom, newline, data)
    assert source.text == (data.decode(encoding) if text is None else text)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a\n\nb = '\xe9'\n", 3, "not valid utf-8 (byte 0xe9)"),
        (b"\xef\xbb\xbfa\nb = '\xe9'\n", 2, "not valid utf-8 (byte 0xe9)"),
        (b"# coding: nonsense\n", 1, "declares an encoding that can't be used: unknown encoding: nonsense"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "declares an encoding that can't be used: encoding problem: utf-8"),
        (b"# coding: rot13\n", 1, "can't be decoded as rot13: "),
        (b"# coding: ascii\n\xe9", 2, "not valid ascii (byte 0xe9)"),
        ("import stripe\n".encode("utf-16"), 1, "encoded as UTF-16 or UTF-32"),
        ("import stripe\n".encode("utf-32"), 1, "encoded as UTF-16 or UTF-32"),
        ("import stripe\n".encode("utf-16-le"), 1, "holds null bytes: a binary file, or UTF-16 text"),
        (b"a\nb\n\0", 3, "holds null bytes: a binary file, or UTF-16 text"),
    ],
)
def test_bytes_that_python_would_not_run_are_an_error_with_a_place(
    data: bytes, line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data, tmp_path / "a.py", "a.py")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("content", "column"),
    [
        (f"import stripe\n\nx = '  ';  {CALL}\n".encode(), 12),
        (f"import stripe\n\nx = 'éa';  {CALL}\n".encode(), 12),
        (f"import stripe\n\nx = '名a';  {CALL}\n".encode(), 12),
        (f"# coding: latin-1\nimport stripe\nx = 'éa';  {CALL}\n".encode("latin-1"), 12),
        (b"\xef\xbb\xbf" + f"import stripe; y = 'é'\n\nx = 'éa';  {CALL}\n".encode(), 12),
        (f"import stripe\r\n\r\n{CALL}\r\n".encode(), 1),
        (f"import stripe\r\r{CALL}\r".encode(), 1),
        (f"import stripe\n\x0c\n{CALL}".encode(), 1),
        (f"import stripe\nif 1:\n\t{CALL}".encode(), 2),
    ],
    ids=["ascii", "accent", "wide", "latin-1", "bom", "crlf", "cr", "form-feed", "tab"],
)
def test_lines_and_columns_count_what_an_editor_shows(shop: Shop, content: bytes, column: int) -> None:
    shop.write("pay.py", content)
    (finding,) = shop.check("--format", "json", "pay.py").document["findings"]
    assert (finding["line"], finding["column"]) == (3, column)
    assert (finding["end_line"], finding["end_column"]) == (3, column + len(CALL))


@pytest.mark.parametrize(
    "mention",
    ["stripe", "Stripe", "STRIPE", "xsTrIpEx", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "sk_org_"],
)
def test_a_file_that_mentions_stripe_or_holds_a_key_is_parsed(shop: Shop, mention: str) -> None:
    shop.write("broken.py", NOT_PYTHON + f"# {mention}\n")
    assert shop.check().codes == ["STP000"]


@pytest.mark.parametrize("mention", ["", "strip e", "SK_LIVE_", "pk_live_", "sk_", "whsec"])
def test_a_file_that_does_not_is_only_read(shop: Shop, mention: str) -> None:
    shop.write("broken.py", NOT_PYTHON + f"# {mention}\n")
    outcome = shop.check()
    assert outcome.code == 0
    assert "skipped 1 without any mention of Stripe" in outcome.out


def found(shop: Shop, *words: str) -> list[str]:
    """The files in which the one call of each file was found."""
    return [path for path, _, code in shop.check(*words).found if code == "STP201"]


@pytest.fixture
def repository(shop: Shop) -> Shop:
    """A git repository."""
    shop.git("init", "-q")
    return shop


def test_git_says_what_belongs_to_the_code(repository: Shop) -> None:
    shop = repository
    shop.write(".gitignore", "ignored/\n*.gen.py\n")
    shop.write("sub/.gitignore", "!kept.gen.py\n")
    for name in ("tracked.py", "new.py", "gone.py", "ignored/a.py", "b.gen.py", "sub/kept.gen.py", "ä b\n.py", "w.pyw"):
        shop.write(name)
    shop.write("notes.txt")
    shop.git("add", "tracked.py", "gone.py")
    (shop.root / "gone.py").unlink()
    assert found(shop) == ["new.py", "sub/kept.gen.py", "tracked.py", "w.pyw", "ä b\\n.py"]
    assert found(shop, "sub") == ["sub/kept.gen.py"]


def test_an_ignored_folder_is_checked_when_it_is_named(repository: Shop) -> None:
    repository.write(".gitignore", "ignored/\n")
    repository.write("ignored/a.py")
    repository.write("b.py")
    assert found(repository, "ignored") == ["ignored/a.py"]


def test_repositories_inside_a_repository_are_searched_too(repository: Shop) -> None:
    repository.write("clone/a.py")
    repository.run("git", "init", "-q", "clone")
    repository.write("upstream/b.py")
    repository.run("git", "init", "-q", "upstream")
    repository.run("git", "-C", "upstream", "add", ".")
    repository.run("git", "-C", "upstream", "-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m")
    repository.git("submodule", "--quiet", "add", "./upstream", "libs/module")
    assert found(repository) == ["clone/a.py", "libs/module/b.py", "upstream/b.py"]


def test_the_variables_of_a_git_hook_do_not_mislead(repository: Shop, tmp_path: Path) -> None:
    repository.write("a.py")
    elsewhere = {"GIT_DIR": str(tmp_path / "none"), "GIT_WORK_TREE": str(tmp_path), "GIT_INDEX_FILE": "nothing"}
    outcome = repository.check(env=elsewhere)
    assert outcome.found == [("a.py", 3, "STP201")]


def test_a_repository_can_not_make_the_check_run_a_program(repository: Shop) -> None:
    repository.write("a.py")
    repository.git("config", "core.fsmonitor", "touch ran; false")
    assert found(repository) == ["a.py"]
    assert not (repository.root / "ran").exists()


def test_without_git_on_the_path_the_walk_finds_the_files(repository: Shop) -> None:
    repository.write("a.py")
    outcome = repository.check(env={"PATH": str(repository.root)})
    assert outcome.found == [("a.py", 3, "STP201")]


def test_a_walk_honours_ignore_files_and_leaves_out_what_is_not_code(shop: Shop) -> None:
    shop.write(".gitignore", "generated/\n/top.py\n*.gen.py\n")
    shop.write("sub/.gitignore", "!kept.gen.py\n")
    for name in (
        "top.py",
        "sub/top.py",
        "sub/kept.gen.py",
        "sub/other.gen.py",
        "generated/a.py",
        ".venv/lib/b.py",
        "node_modules/c.py",
        "build/d.py",
        "dist/e.py",
        "__pycache__/f.py",
        "env39/pyvenv.cfg",
        "env39/lib/g.py",
        "deep/" * 40 + "h.py",
    ):
        shop.write(name)
    assert found(shop) == ["deep/" * 40 + "h.py", "sub/kept.gen.py", "sub/top.py"]


def test_a_virtual_environment_that_git_does_not_ignore_is_left_out(repository: Shop) -> None:
    repository.write("env39/pyvenv.cfg", "")
    repository.write("env39/lib/g.py")
    repository.write("a.py")
    assert found(repository) == ["a.py"]


@pytest.mark.parametrize("git", [True, False], ids=["git", "walk"])
def test_links_are_no_second_copy_and_no_loop(shop: Shop, git: bool) -> None:
    if git:
        shop.git("init", "-q")
    target = shop.write("z/real.py")
    (shop.root / "a_link.py").symlink_to(target)
    (shop.root / "z" / "loop").symlink_to(shop.root, target_is_directory=True)
    (shop.root / ".#locked.py").symlink_to("someone@somewhere.1234")
    outside = shop.root.parent / "outside.py"
    outside.write_text(UNKEYED, encoding="utf-8")
    (shop.root / "b_link.py").symlink_to(outside)
    (shop.root / "c_link.py").symlink_to(outside)
    outcome = shop.check()
    assert outcome.found == [("b_link.py", 3, "STP201"), ("z/real.py", 3, "STP201")]
    assert outcome.code == 1


def test_a_pipe_is_not_waited_for(shop: Shop) -> None:
    os.mkfifo(shop.root / "pipe.py")
    shop.write("a.py")
    assert found(shop) == ["a.py"]


def test_a_file_that_is_named_is_checked_whatever_it_is_called_and_once(shop: Shop) -> None:
    shop.write("script")
    shop.write("build/a.py")
    assert found(shop, "script", "build/a.py", "./script", "build", ".") == ["script", "build/a.py"]


def test_what_is_excluded_is_left_out_by_force_even_if_it_is_named(shop: Shop) -> None:
    shop.write("build/a.py")
    shop.write("b.py")
    assert found(shop, "--force-exclude", "build/a.py", "b.py") == ["b.py"]
    assert found(shop, "--force-exclude", "build") == []
    assert found(shop, "--force-exclude", "--exclude", "b.*", "build/a.py", "b.py") == ["build/a.py"]
    outcome = shop.check("--force-exclude", "build/a.py")
    assert (outcome.code, outcome.err) == (0, "")


def test_a_checkout_below_a_folder_called_build_is_not_excluded(shop: Shop) -> None:
    inner = Shop(shop.root / "build" / "checkout", shop.root)
    inner.write("a.py")
    assert found(inner, "--force-exclude", "a.py") == ["a.py"]
    assert found(inner, "--force-exclude", ".") == ["a.py"]
    assert found(inner, "--force-exclude", str(inner.root)) == ["a.py"]


def test_paths_are_shown_relative_to_the_current_folder_if_below(shop: Shop) -> None:
    path = shop.write("sub/a.py")
    outside = shop.root.parent / "outside.py"
    outside.write_text(UNKEYED, encoding="utf-8")
    assert found(shop, str(path), "../outside.py") == ["sub/a.py", outside.as_posix()]


def test_a_folder_that_can_not_be_opened_is_reported(shop: Shop) -> None:
    shop.write("locked/a.py")
    shop.write("b.py")
    # Permissions do not stop the superuser, under whom tests often run.
    shop.at_start(
        "import os\n"
        "scandir = os.scandir\n"
        "def refuse(path='.'):\n"
        "    if str(path).endswith('locked'):\n"
        "        raise PermissionError(13, 'Permission denied')\n"
        "    return scandir(path)\n"
        "os.scandir = refuse"
    )
    outcome = shop.check()
    assert outcome.code == 2
    assert "locked:1:1: STP000 can't be read: Permission denied" in outcome.out
    assert ("b.py", 3, "STP201") in outcome.found


@pytest.mark.parametrize(
    "marker", [".git", "pyproject.toml", "setup.py", "setup.cfg", "manage.py", "requirements.txt", "Pipfile"]
)
def test_the_root_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / marker).touch()
    assert find_root(tmp_path / "a" / "b" / "c.py") == tmp_path / "a"


def test_without_a_marker_the_root_holds_the_outermost_package(tmp_path: Path) -> None:
    package = tmp_path / "shop" / "payments"
    package.mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    (package / "__init__.py").touch()
    assert find_root(package / "views.py") == tmp_path
    assert find_root(tmp_path / "script.py") == tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tests/pay.py", True),
        ("app/test/pay.py", True),
        ("testing/deep/pay.py", True),
        ("test_pay.py", True),
        ("pay_test.py", True),
        ("app/conftest.py", True),
        ("app/factories.py", True),
        ("app/pay.py", False),
        ("contest/pay.py", False),
        ("testsuite/pay.py", False),
        ("latest.py", False),
        ("test_data/pay.py", False),
        ("tests.py", False),
        ("app/test_mode.txt", False),
    ],
)
@pytest.mark.parametrize("marker", [".git", "requirements.txt"])
def test_test_code_is_known_by_its_path_in_the_project(tmp_path: Path, name: str, expected: bool, marker: str) -> None:
    checkout = tmp_path / "tests" / "checkout"
    path = checkout / name
    path.parent.mkdir(parents=True)
    (checkout / marker).touch()
    assert is_test_code(path) is expected


def test_a_test_folder_with_its_own_requirements_stays_one(shop: Shop) -> None:
    shop.write("requirements.txt", "stripe\n")
    shop.write("tests/requirements.txt", "pytest\n")
    shop.write("tests/pay.py")
    assert found(shop) == []


def test_clean_code_is_clean(shop: Shop) -> None:
    shop.write("a.py", CLEAN)
    outcome = shop.check()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "Found nothing. Checked 1 file.\n"
