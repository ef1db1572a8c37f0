"""Which file an import means, what is read when, and which files mention a name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from probing import load, meaning, write

from stripe_lint import project as project_module
from stripe_lint.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = "import stripe\nclient = stripe.StripeClient('k')\n"

LAYOUTS = {
    "flat": (["pay.py", "web.py"], "web.py", "pay", "pay.py"),
    "package": (["shop/__init__.py", "shop/pay.py", "shop/web.py"], "shop/web.py", "shop.pay", "shop/pay.py"),
    "package itself": (["shop/__init__.py", "shop/web.py"], "shop/web.py", "shop", "shop/__init__.py"),
    "package before module": (["pay.py", "pay/__init__.py", "web.py"], "web.py", "pay", "pay/__init__.py"),
    "src": (["src/shop/__init__.py", "src/shop/pay.py", "manage.py"], "manage.py", "shop.pay", "src/shop/pay.py"),
    "inside src": (
        ["src/shop/__init__.py", "src/shop/web/__init__.py", "src/shop/web/views.py", "src/shop/pay.py"],
        "src/shop/web/views.py",
        "shop.pay",
        "src/shop/pay.py",
    ),
    "from tests into src": (
        ["src/shop/__init__.py", "tests/test_pay.py"],
        "tests/test_pay.py",
        "shop",
        "src/shop/__init__.py",
    ),
    "namespace package": (
        ["acme/pay/client.py", "acme/web/views.py"],
        "acme/web/views.py",
        "acme.pay.client",
        "acme/pay/client.py",
    ),
    "namespace package in src": (
        ["src/acme/pay/client.py", "src/acme/web/views.py"],
        "src/acme/web/views.py",
        "acme.pay.client",
        "src/acme/pay/client.py",
    ),
    "sibling of a script": (
        ["scripts/helpers.py", "scripts/run.py"],
        "scripts/run.py",
        "helpers",
        "scripts/helpers.py",
    ),
    "sibling before the root": (
        ["helpers.py", "scripts/helpers.py", "scripts/run.py"],
        "scripts/run.py",
        "helpers",
        "scripts/helpers.py",
    ),
    "project in a project": (
        ["backend/shop/__init__.py", "backend/shop/pay.py", "backend/shop/web.py"],
        "backend/shop/web.py",
        "shop.pay",
        "backend/shop/pay.py",
    ),
    "from the root of the repository": (
        ["backend/shop/__init__.py", "backend/shop/pay.py", "backend/shop/web.py"],
        "backend/shop/web.py",
        "backend.shop.pay",
        "backend/shop/pay.py",
    ),
    "other project beside": (["web/app.py", "jobs/src/pay.py"], "web/app.py", "pay", None),
    "standard library": (["json.py", "web.py"], "web.py", "json", None),
    "sdk": (["stripe.py", "web.py"], "web.py", "stripe", None),
    "part of the sdk": (["stripe/error.py", "web.py"], "web.py", "stripe.error", None),
    "not there": (["web.py"], "web.py", "flask", None),
    "folder without modules": (["shop/data.txt", "web.py"], "web.py", "shop", None),
    "itself": (["flask.py"], "flask.py", "flask", None),
}


@pytest.mark.parametrize(("files", "importer", "dotted", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_file_that_an_import_means(
    files: list[str], importer: str, dotted: str, expected: str | None, tmp_path: Path
) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    found = Project(tmp_path).find_module(dotted, tmp_path / importer)
    assert (None if found is None else found.relative_to(tmp_path).as_posix()) == expected


PARTS = {
    "package around": (["backend/pay.py", "backend/web/views.py"], "backend.pay", "backend/pay.py"),
    "package beside": (["shared/pay.py", "backend/web/views.py"], "shared.pay", "shared/pay.py"),
    "package in src beside": (["src/shared/pay.py", "backend/web/views.py"], "shared.pay", "src/shared/pay.py"),
    "own before that of the repository": (["pay.py", "backend/pay.py"], "pay", "backend/pay.py"),
    "beyond the repository": (["../pay.py"], "pay", None),
}


@pytest.mark.parametrize("marker", [".git", "pyproject.toml"])
@pytest.mark.parametrize(("files", "dotted", "expected"), PARTS.values(), ids=PARTS)
def test_what_a_part_of_a_repository_imports_from_around_it(
    files: list[str], dotted: str, expected: str | None, marker: str, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    write(repository, dict.fromkeys([*files, marker, "backend/requirements.txt"], ""))
    found = Project(repository / "backend").find_module(dotted, repository / "backend/web/views.py")
    assert (None if found is None else found.relative_to(repository).as_posix()) == expected


def test_without_a_marker_a_package_around_is_known_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["shop/pay.py", "shop/web/views.py"], ""))
    assert Project(tmp_path / "shop/web").find_module("shop.pay", tmp_path / "shop/web/views.py") is not None
    assert Project(tmp_path / "shop/web").find_module("pay.pay", tmp_path / "shop/web/views.py") is None


@pytest.mark.parametrize("package", [[], ["acme/pay/__init__.py"], ["acme/__init__.py", "acme/pay/__init__.py"]])
def test_a_module_is_reached_by_its_whole_path(package: list[str], tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(package, "") | {"acme/pay/api.py": CLIENT})
    write(tmp_path, {"main.py": "import acme.pay.api\nprobe(acme.pay.api.client)"})
    assert meaning(load(tmp_path, "main.py")) == "service"


@pytest.mark.parametrize(
    ("importer", "dotted", "level", "expected"),
    [
        ("shop/web/views.py", "forms", 1, "shop/web/forms.py"),
        ("shop/web/views.py", "", 1, "shop/web/__init__.py"),
        ("shop/web/views.py", "pay", 2, "shop/pay.py"),
        ("shop/web/__init__.py", "forms", 1, "shop/web/forms.py"),
        ("shop/web/views.py", "web.forms", 2, "shop/web/forms.py"),
        ("shop/web/views.py", "pay", 1, None),
        ("shop/web/views.py", "pay", 9, None),
    ],
)
def test_the_file_that_a_relative_import_means(
    importer: str, dotted: str, level: int, expected: str | None, tmp_path: Path
) -> None:
    files = ["shop/__init__.py", "shop/pay.py", "shop/web/__init__.py", "shop/web/views.py", "shop/web/forms.py"]
    write(tmp_path, dict.fromkeys(files, ""))
    found = Project(tmp_path).find_relative(dotted, level, tmp_path / importer)
    assert (None if found is None else found.relative_to(tmp_path).as_posix()) == expected


def test_other_modules_are_read_only_when_a_question_leads_there(tmp_path: Path) -> None:
    write(
        tmp_path, {"pay.py": CLIENT, "idle.py": CLIENT, "main.py": "import idle\nfrom pay import client\nprobe(client)"}
    )
    project = Project(tmp_path)
    main = load(tmp_path, "main.py", project)
    assert project.modules_read == 0
    assert meaning(main) == "service"
    assert project.modules_read == 1


def test_a_module_is_read_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pay.py": CLIENT,
            "main.py": "from pay import client\nprobe(client)",
            "again.py": "import pay\nprobe(pay.client)",
        },
    )
    project = Project(tmp_path)
    assert meaning(load(tmp_path, "main.py", project)) == "service"
    assert meaning(load(tmp_path, "again.py", project)) == "service"
    assert project.modules_read == 1


def test_a_module_that_changed_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, {"pay.py": CLIENT, "main.py": "from pay import client\nprobe(client)"})
    project = Project(tmp_path)
    assert meaning(load(tmp_path, "main.py", project)) == "service"
    write(tmp_path, {"pay.py": "import stripe\nclient = stripe\n"})
    assert meaning(load(tmp_path, "main.py", project)) == "stripe"


def test_a_change_of_the_same_size_is_seen(tmp_path: Path) -> None:
    write(tmp_path, {"pay.py": "import stripe\nclient = stripe.Refund\n", "main.py": "import pay\nprobe(pay.client)"})
    project = Project(tmp_path)
    assert meaning(load(tmp_path, "main.py", project)) == "stripe.Refund"
    write(tmp_path, {"pay.py": "import stripe\nclient = stripe.Charge\n"})
    os.utime(tmp_path / "pay.py", ns=(1, 1))
    assert meaning(load(tmp_path, "main.py", project)) == "stripe.Charge"


def test_the_file_being_checked_is_what_was_handed_over(tmp_path: Path) -> None:
    """An editor checks text that is not saved yet, and other modules may lead back to it."""
    write(tmp_path, {"main.py": "client = 1\n", "pay.py": "import main\nsdk = main.client\n"})
    module = Project(tmp_path).load(
        tmp_path / "main.py", "import stripe\nclient = stripe\nimport pay\nprobe(pay.sdk)\n"
    )
    assert meaning(module) == "stripe"


def test_a_file_that_does_not_exist_can_be_checked(tmp_path: Path) -> None:
    write(tmp_path, {"pay.py": CLIENT})
    assert meaning(Project(tmp_path).load(tmp_path / "new.py", "from pay import client\nprobe(client)")) == "service"


@pytest.mark.parametrize(
    "content", [b"x = (", b"\xff\xfe\x00", b"x = 1\x00", b"(" * 1000], ids=["syntax", "utf-16", "null", "nested"]
)
def test_a_module_that_python_can_not_read_is_unknown(content: bytes, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import pay\nprobe(pay.client)"})
    (tmp_path / "pay.py").write_bytes(content)
    project = Project(tmp_path)
    assert project.module_at(tmp_path / "pay.py") is None
    assert meaning(load(tmp_path, "main.py", project)) == "unknown"


def test_a_module_in_another_encoding_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import pay\nprobe(pay.client)"})
    text = f"# -*- coding: latin-1 -*-\n# prêt\n{CLIENT}"
    (tmp_path / "pay.py").write_bytes(text.encode("latin-1"))
    assert meaning(load(tmp_path, "main.py")) == "service"


def test_a_very_large_module_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_module, "LARGEST_MODULE_BYTES", len(CLIENT) - 1)
    write(tmp_path, {"pay.py": CLIENT, "main.py": "import pay\nprobe(pay.client)"})
    assert meaning(load(tmp_path, "main.py")) == "unknown"


def test_no_finding_of_a_project_changes_with_the_order_of_the_files(tmp_path: Path) -> None:
    files = {"a.py": "from b import x\nprobe(x)", "b.py": "import stripe\nfrom a import x\nx = stripe\nprobe(x)"}
    write(tmp_path, files)
    first, second = Project(tmp_path), Project(tmp_path)
    forward = [meaning(load(tmp_path, name, first)) for name in ("a.py", "b.py")]
    backward = [meaning(load(tmp_path, name, second)) for name in ("b.py", "a.py")]
    assert forward == backward[::-1]


def mentioning(root: Path, name: str, near: str | None = None) -> list[str] | None:
    found = Project(root).files_that_mention(name, None if near is None else root / near)
    return None if found is None else sorted(path.relative_to(root).as_posix() for path in found)


def test_files_that_mention_a_name_are_found_by_the_whole_word(tmp_path: Path) -> None:
    files = {
        "a.py": "pay(1)",
        "b.py": "x.pay",
        "c.py": "repay(1)",
        "d.py": "pay_all()",
        "e.txt": "pay",
        "f/g/h.py": "# pay",
    }
    write(tmp_path, files)
    assert mentioning(tmp_path, "pay") == ["a.py", "b.py", "f/g/h.py"]
    assert mentioning(tmp_path, "absent") == []


def test_the_file_itself_counts_wherever_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "pay(1)"})
    assert mentioning(tmp_path, "pay", near="not_saved.py") == ["a.py", "not_saved.py"]
    assert mentioning(tmp_path, "pay", near="a.py") == ["a.py"]


def test_the_answer_is_the_same_however_many_names_were_asked_for(tmp_path: Path) -> None:
    texts = ['config["shop.secret"]', "pay(1)", "repay(1)", "# 2pay", "# épay", "größe = 1", "'a-b'", "pay_all()"]
    write(tmp_path, {f"m{number}.py": text for number, text in enumerate(texts)})
    asked = ["shop.secret", "secret", "pay", "größe", "a-b", "pay_all", "absent", "absent.too"]
    first = {name: mentioning(tmp_path, name) for name in asked}
    project = Project(tmp_path)
    for number in range(project_module.MOST_SEARCHES):
        project.files_that_mention(f"other{number}")
    later = {name: [path.name for path in project.files_that_mention(name) or []] for name in asked}
    assert later == first
    assert first["shop.secret"] == ["m0.py"]


def test_environments_and_caches_are_not_searched(tmp_path: Path) -> None:
    folders = [".venv/lib", "venv", "node_modules/x", "build/lib", ".git", "__pycache__", "lib/site-packages"]
    write(tmp_path, {f"{folder}/a.py": "pay(1)" for folder in folders} | {"shop/builds.py": "pay(1)"})
    assert mentioning(tmp_path, "pay") == ["shop/builds.py"]


def test_a_name_that_is_everywhere_says_nothing(tmp_path: Path) -> None:
    most = project_module.MOST_CALLER_FILES
    write(tmp_path, {f"m{number}.py": "pay(1)" for number in range(most)})
    assert len(mentioning(tmp_path, "pay") or []) == most
    write(tmp_path, {"one_more.py": "pay(1)"})
    assert mentioning(tmp_path, "pay") is None


@pytest.mark.parametrize("limit", ["MOST_INDEXED_FILES", "MOST_INDEXED_BYTES"])
def test_nothing_is_known_of_the_callers_in_a_huge_project(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.py": "pay(1)", "b.py": "pay(2)"})
    assert mentioning(tmp_path, "pay") == ["a.py", "b.py"]
    monkeypatch.setattr(project_module, limit, 1)
    assert mentioning(tmp_path, "pay") is None
