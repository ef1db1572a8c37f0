"""Calls in odd places and files of odd forms: the right edit, or a refusal with its reason."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

import pytest
from rule_cases import make_project

from stripe_lint.config import Configurations
from stripe_lint.errors import Declined
from stripe_lint.fixing.guards import check_compiles
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, fix_text
from stripe_lint.options import Place
from stripe_lint.parsing import parse

if TYPE_CHECKING:
    from pathlib import Path


class Result(NamedTuple):
    text: bytes
    fixed: int
    reasons: list[str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path / "project")
    return tmp_path / "project"


def fix(data: bytes, project: Path, *, unsafe: bool = False, select: str = "STP201") -> Result:
    configurations = Configurations(None, {"select": [select]}, Place("test ", project))
    report = fix_text(data, project / "pay.py", "pay.py", configurations, Options(unsafe=unsafe))
    (file,) = report.files
    assert file.failure is None
    return Result(file.after, len(file.fixed), [each.reason or "" for each in file.not_fixed])


PLACES = {
    "lambda": (
        "pay = lambda ref: stripe.Refund.create(charge=ref)\n",
        "pay = lambda ref: stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "list comprehension": (
        "def f(refs):\n    return [stripe.Refund.create(charge=ref) for ref in refs]\n",
        (
            "def f(refs):\n"
            "    return [stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())) for ref in refs]\n"
        ),
    ),
    "first iterable of a comprehension": (
        "def f(ref):\n    return [x for x in stripe.Refund.create(charge=ref)]\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return [x for x in stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)]\n"
        ),
    ),
    "default argument": (
        'def f(x=stripe.Refund.create(charge="ch_1")):\n    pass\n',
        'def f(x=stripe.Refund.create(charge="ch_1", idempotency_key=str(uuid.uuid4()))):\n    pass\n',
    ),
    "decorator": (
        "def g(ref):\n    @register(stripe.Refund.create(charge=ref))\n    def f():\n        pass\n",
        (
            "def g(ref):\n    @register(stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())))\n"
            "    def f():\n        pass\n"
        ),
    ),
    "class body": (
        'class A:\n    made = stripe.Refund.create(charge="ch_1")\n',
        'class A:\n    made = stripe.Refund.create(charge="ch_1", idempotency_key=str(uuid.uuid4()))\n',
    ),
    "walrus": (
        "def f(ref):\n    if (made := stripe.Refund.create(charge=ref)).id:\n        return made\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    if (made := stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)).id:\n"
            "        return made\n"
        ),
    ),
    "elif": (
        "def f(ref):\n    if not ref:\n        pass\n    elif stripe.Refund.create(charge=ref).id:\n        return 1\n",
        (
            "def f(ref):\n    if not ref:\n        pass\n"
            "    elif stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).id:\n        return 1\n"
        ),
    ),
    "while header": (
        "def f(ref):\n    while stripe.Refund.create(charge=ref).pending:\n        wait()\n",
        (
            "def f(ref):\n    while stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).pending:\n"
            "        wait()\n"
        ),
    ),
    "match subject": (
        "def f(ref):\n    match stripe.Refund.create(charge=ref).status:\n        case 'a':\n            return 1\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    match stripe.Refund.create(charge=ref, idempotency_key=idempotency_key).status:\n"
            "        case 'a':\n            return 1\n"
        ),
    ),
    "match guard": (
        "def f(ref):\n    match ref:\n        case 'a' if stripe.Refund.create(charge=ref).id:\n            return 1\n",
        (
            "def f(ref):\n    match ref:\n"
            "        case 'a' if stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).id:\n"
            "            return 1\n"
        ),
    ),
    "right side of or": (
        "def f(ref, old):\n    return old or stripe.Refund.create(charge=ref)\n",
        "def f(ref, old):\n    return old or stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "left side of and": (
        "def f(ref, old):\n    return stripe.Refund.create(charge=ref) and old\n",
        (
            "def f(ref, old):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key) and old\n"
        ),
    ),
    "conditional expression": (
        "def f(ref, old):\n    return old if old else stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref, old):\n"
            "    return old if old else stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n"
        ),
    ),
    "chained comparison": (
        "def f(ref, old):\n    return 1 < old < stripe.Refund.create(charge=ref).amount\n",
        (
            "def f(ref, old):\n"
            "    return 1 < old < stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())).amount\n"
        ),
    ),
    "message of an assert": (
        "def f(ref, old):\n    assert old, stripe.Refund.create(charge=ref)\n",
        "def f(ref, old):\n    assert old, stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4()))\n",
    ),
    "two statements on a line": (
        "def f(ref):\n    log(); stripe.Refund.create(charge=ref); log()\n",
        (
            "def f(ref):\n    log(); idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key); log()\n"
        ),
    ),
    "first of two statements on a line": (
        "def f(ref):\n    stripe.Refund.create(charge=ref); log()\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key); log()\n"
        ),
    ),
    "one-line suite": (
        "def f(ref):\n    if ref: stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref):\n    if ref: idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "one-line function": (
        "def f(ref): return stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref): idempotency_key = str(uuid.uuid4()); "
            "return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "continued by a backslash": (
        "def f(ref):\n    made = \\\n        stripe.Refund.create(charge=ref)\n    return made\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    made = \\\n        stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
            "    return made\n"
        ),
    ),
    "suite after a backslash": (
        "def f(ref):\n    if ref: \\\n        stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref):\n    if ref: \\\n        idempotency_key = str(uuid.uuid4()); "
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "with item": (
        "def f(ref):\n    with a(), b(stripe.Refund.create(charge=ref)) as c:\n        return c\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    with a(), b(stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)) as c:\n"
            "        return c\n"
        ),
    ),
    "await in parentheses": (
        "async def f(ref):\n    return (await stripe.Refund.create_async(charge=ref)).id\n",
        (
            "async def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    return (await stripe.Refund.create_async(charge=ref, idempotency_key=idempotency_key)).id\n"
        ),
    ),
    "generator expression in a call": (
        "def f(refs):\n    return list(stripe.Refund.create(charge=ref) for ref in refs)\n",
        (
            "def f(refs):\n"
            "    return list(stripe.Refund.create(charge=ref, idempotency_key=str(uuid.uuid4())) for ref in refs)\n"
        ),
    ),
    "no other argument": (
        "def f(ref):\n    stripe.Charge.retrieve(ref).refund()\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Charge.retrieve(ref).refund(idempotency_key=idempotency_key)\n"
        ),
    ),
    "a trailing comma on one line": (
        "def f(ref):\n    stripe.Refund.create(charge=ref,)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key,)\n"
        ),
    ),
    "comments between the arguments": (
        (
            "def f(ref):\n    stripe.Refund.create(\n        charge=ref,  # the first\n        # the reason\n"
            "        reason='duplicate'  # last\n        # end\n    )\n"
        ),
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(\n        charge=ref,  # the first\n        # the reason\n"
            "        reason='duplicate',  # last\n        # end\n        idempotency_key=idempotency_key\n    )\n"
        ),
    ),
    "aligned with the bracket": (
        "def f(ref):\n    stripe.Refund.create(charge=ref,\n                         reason='duplicate')\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref,\n                         reason='duplicate',\n"
            "                         idempotency_key=idempotency_key)\n"
        ),
    ),
    "two calls in one statement": (
        "def f(ref):\n    return stripe.Refund.create(charge=ref), stripe.Payout.create(amount=1)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n    payout_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(charge=ref, idempotency_key=idempotency_key), "
            "stripe.Payout.create(amount=1, idempotency_key=payout_key)\n"
        ),
    ),
    "one call in another": (
        "def f(ref):\n    return stripe.Refund.create(charge=stripe.Charge.create(amount=1).id)\n",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n    charge_key = str(uuid.uuid4())\n"
            "    return stripe.Refund.create(\n"
            "        charge=stripe.Charge.create(amount=1, idempotency_key=charge_key).id,\n"
            "        idempotency_key=idempotency_key,\n"
            "    )\n"
        ),
    ),
    "the name of the variable is taken": (
        "def f(ref, idempotency_key):\n    stripe.Refund.create(charge=ref)\n",
        (
            "def f(ref, idempotency_key):\n    refund_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=refund_key)\n"
        ),
    ),
    "a form feed between functions": (
        "x = 1\n\f\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n",
        (
            "x = 1\n\f\ndef f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
    "tabs": (
        "def f(ref):\n\tif ref:\n\t\tstripe.Refund.create(\n\t\t\tcharge=ref,\n\t\t)\n",
        (
            "def f(ref):\n\tif ref:\n\t\tidempotency_key = str(uuid.uuid4())\n"
            "\t\tstripe.Refund.create(\n\t\t\tcharge=ref,\n\t\t\tidempotency_key=idempotency_key,\n\t\t)\n"
        ),
    ),
    "no final newline": (
        "def f(ref):\n    stripe.Refund.create(charge=ref)",
        (
            "def f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
            "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)"
        ),
    ),
    "letters of several bytes before the call": (
        'def f(ref):\n    "größe 価格 😀"; stripe.Refund.create(charge=ref)\n',
        (
            'def f(ref):\n    "größe 価格 😀"; idempotency_key = str(uuid.uuid4()); '
            "stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
        ),
    ),
}


@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
def test_a_call_in_an_odd_place_gets_its_key(before: str, after: str, project: Path) -> None:
    result = fix(b"import stripe\n" + before.encode(), project)
    assert result.text.decode() == "import uuid\n\nimport stripe\n" + after
    assert result.reasons == []


def test_a_call_in_an_f_string_is_left(project: Path) -> None:
    data = b'import stripe\n\n\ndef f(ref):\n    return f"{stripe.Refund.create(charge=ref).id}"\n'
    assert fix(data, project) == Result(data, 0, ["it stands in an f-string"])


IMPORTS = {
    "the module is imported": ("import uuid\nimport stripe\n", "import uuid\nimport stripe\n", "uuid.uuid4"),
    "under another name": ("import uuid as u\nimport stripe\n", "import uuid as u\nimport stripe\n", "u.uuid4"),
    "the function is imported": (
        "from uuid import uuid4\nimport stripe\n",
        "from uuid import uuid4\nimport stripe\n",
        "uuid4",
    ),
    "the name means something else": (
        "import stripe\nuuid = None\n",
        "import uuid as uuid_module\n\nimport stripe\nuuid = None\n",
        "uuid_module.uuid4",
    ),
    "among others": (
        "import os\nimport sys\nimport zlib\nfrom typing import Any\n\nimport stripe\n",
        "import os\nimport sys\nimport uuid\nimport zlib\nfrom typing import Any\n\nimport stripe\n",
        "uuid.uuid4",
    ),
    "only from-imports": (
        "from typing import Any\n\nimport stripe\n",
        "import uuid\nfrom typing import Any\n\nimport stripe\n",
        "uuid.uuid4",
    ),
    "a docstring": (
        '"""Pays."""\nimport stripe\n',
        '"""Pays."""\nimport uuid\n\nimport stripe\n',
        "uuid.uuid4",
    ),
    "a function brings it into the module": (
        "import stripe\ndef load():\n    global uuid\n    import uuid\n",
        ("import uuid as uuid_module\n\nimport stripe\ndef load():\n    global uuid\n    import uuid\n"),
        "uuid_module.uuid4",
    ),
    "a star import that can't be seen": (
        "import stripe\nfrom unseen import *\n",
        "import uuid as uuid_module\n\nimport stripe\nfrom unseen import *\n",
        "uuid_module.uuid4",
    ),
    "a star import of the standard library": (
        "import stripe\nfrom os.path import *\n",
        "import stripe\nimport uuid\nfrom os.path import *\n",
        "uuid.uuid4",
    ),
    "from the future": (
        '"""Pays."""\n\nfrom __future__ import annotations\n\nimport stripe\n',
        '"""Pays."""\n\nfrom __future__ import annotations\n\nimport uuid\n\nimport stripe\n',
        "uuid.uuid4",
    ),
    "a docstring on the same line": (
        '"""Pays."""; import stripe\n',
        '"""Pays."""; import uuid; import stripe\n',
        "uuid.uuid4",
    ),
    "a shebang and a licence": (
        "#!/usr/bin/env python\n# Licence: MIT\n\nimport stripe\n",
        "#!/usr/bin/env python\n# Licence: MIT\n\nimport uuid\n\nimport stripe\n",
        "uuid.uuid4",
    ),
}


@pytest.mark.parametrize(("before", "after", "written"), IMPORTS.values(), ids=IMPORTS)
def test_the_import_is_there_or_added_in_its_place(before: str, after: str, written: str, project: Path) -> None:
    call = "pay = lambda ref: stripe.Refund.create(charge=ref{})\n"
    result = fix((before + call.format("")).encode(), project)
    assert result.text.decode() == after + call.format(f", idempotency_key=str({written}())")


def test_a_parameter_that_hides_the_module_is_no_import(project: Path) -> None:
    data = b"import uuid\nimport stripe\n\n\ndef f(ref, uuid):\n    stripe.Refund.create(charge=ref)\n"
    result = fix(data, project)
    assert b"import uuid as uuid_module\n" in result.text
    assert b"str(uuid_module.uuid4())" in result.text


STARRED = {
    "brings another uuid": ("def uuid():\n    return 1\n", "uuid_module"),
    "brings it from a third": ("from third import *\n", "uuid_module"),
    "brings the module itself": ("import uuid\n", "uuid"),
    "keeps it to itself": ("_uuid = 1\n", "uuid"),
}


@pytest.mark.parametrize(("helpers", "written"), STARRED.values(), ids=STARRED)
@pytest.mark.parametrize("imported", ["", "import uuid\n"], ids=["new", "there"])
def test_a_star_import_does_not_hide_the_module(helpers: str, written: str, imported: str, project: Path) -> None:
    (project / "helpers.py").write_text(helpers, encoding="utf-8")
    (project / "third.py").write_text("uuid = None\n", encoding="utf-8")
    before = f"{imported}import stripe\nfrom helpers import *\npay = lambda ref: stripe.Refund.create(charge=ref)\n"
    text = fix(before.encode(), project).text.decode()
    assert f"str({written}.uuid4())" in text
    assert text.count("import uuid") == 1 + (imported != "" and written != "uuid")


def test_a_star_import_does_not_hide_the_module_of_a_new_logger(project: Path) -> None:
    (project / "helpers.py").write_text("def logging(message):\n    print(message)\n", encoding="utf-8")
    before = dedent("""\
        import stripe
        from flask import Flask
        from helpers import *

        app = Flask(__name__)


        @app.post("/pay")
        def pay():
            try:
                return {"id": stripe.Charge.retrieve("ch_1").id}
            except stripe.StripeError as e:
                return {"error": str(e)}, 400
        """).encode()
    text = fix(before, project, unsafe=True, select="STP301").text.decode()
    assert "import logging as logging_module\n" in text
    assert "logger = logging_module.getLogger(__name__)\n" in text


IMPORTED_BELOW = {
    "behind what calls the function": ("f(1)\nimport uuid\n", "uuid_module"),
    "behind definitions alone": ("def g():\n    pass\n\n\nimport uuid\nf(1)\n", "uuid"),
}


@pytest.mark.parametrize(("below", "written"), IMPORTED_BELOW.values(), ids=IMPORTED_BELOW)
def test_an_import_below_is_used_where_it_has_run(below: str, written: str, project: Path) -> None:
    before = f"import stripe\n\n\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n\n\n{below}"
    assert f"str({written}.uuid4())" in fix(before.encode(), project).text.decode()


@pytest.mark.parametrize("below", ["", "import logging\nlogger = logging.getLogger(__name__)\n"], ids=["set", "below"])
def test_a_logger_that_may_not_be_there_yet_is_not_used(below: str, project: Path) -> None:
    before = (
        "import stripe\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n"
        "def set_up():\n    global logger\n    import logging\n    logger = logging.getLogger(__name__)\n\n\n"
        if not below
        else "import stripe\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n"
    )
    before += (
        '@app.post("/pay")\ndef pay():\n    try:\n        return {"id": stripe.Charge.retrieve("ch_1").id}\n'
        '    except stripe.StripeError as e:\n        return {"error": str(e)}, 400\n'
    )
    before += f"\n\nprint(pay())\n{below}"
    text = fix(before.encode(), project, unsafe=True, select="STP301").text.decode()
    assert "        log.exception(" in text
    assert text.index("log = logging") < text.index("app = Flask")


def test_an_import_in_a_function_is_used_only_behind_it(project: Path) -> None:
    before = "import stripe\n\n\ndef f(ref):\n    import uuid\n    stripe.Refund.create(charge=ref)\n"
    assert b"import uuid as" not in fix(before.encode(), project).text
    behind = "import stripe\n\n\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n    import uuid\n    uuid.uuid4()\n"
    assert b"str(uuid_module.uuid4())" in fix(behind.encode(), project).text


CALL = "import stripe\n\ndef f(ref):\n    stripe.Refund.create(charge=ref)\n"
FIXED = (
    "import uuid\n\nimport stripe\n\ndef f(ref):\n    idempotency_key = str(uuid.uuid4())\n"
    "    stripe.Refund.create(charge=ref, idempotency_key=idempotency_key)\n"
)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
def test_line_ends_and_the_mark_stay(newline: str, mark: bytes, project: Path) -> None:
    result = fix(mark + CALL.replace("\n", newline).encode(), project)
    assert result.text == mark + FIXED.replace("\n", newline).encode()


def test_mixed_line_ends_stay_as_they_are(project: Path) -> None:
    before = (
        b"import stripe\r\nx = 1\ny = 2\r\ndef f(ref):\n    stripe.Refund.create(\r\n        charge=ref,\n    )\r\n"
    )
    after = fix(before, project).text
    for line in before.splitlines(keepends=True):
        assert line in after
    assert after.endswith(b"        charge=ref,\n        idempotency_key=idempotency_key,\n    )\r\n")


def test_a_line_in_front_of_a_new_one_keeps_its_end(project: Path) -> None:
    before = b"import stripe\nimport os\r\npay = lambda ref: stripe.Refund.create(charge=ref)\n"
    assert fix(before, project).text.startswith(b"import stripe\nimport os\r\nimport uuid\r\npay = ")


def test_another_encoding_stays(project: Path) -> None:
    before = f"# -*- coding: latin-1 -*-\n# Größe\n{CALL}".encode("latin-1")
    after = f"# -*- coding: latin-1 -*-\n# Größe\n{FIXED}".encode("latin-1")
    assert fix(before, project).text == after


def test_what_is_suppressed_is_not_fixed(project: Path) -> None:
    data = CALL.replace("ref)\n", "ref)  # noqa: STP201\n").replace("f(ref)  # noqa: STP201", "f(ref)").encode()
    assert fix(data, project) == Result(data, 0, [])


def test_one_call_in_a_loop_over_items_gets_a_key_for_each(project: Path) -> None:
    before = "import stripe\n\n\ndef f(lines):\n    for line in lines:\n        stripe.Refund.create(charge=line.ref)\n"
    assert (
        "    for line in lines:\n        idempotency_key = str(uuid.uuid4())\n"
        in fix(before.encode(), project).text.decode()
    )


def test_a_loop_that_retries_needs_permission(project: Path) -> None:
    before = dedent("""\
        import stripe


        def f(ref):
            for attempt in range(3):
                try:
                    return stripe.Refund.create(charge=ref)
                except stripe.APIConnectionError:
                    continue
        """).encode()
    declined = fix(before, project)
    assert declined.text == before
    assert declined.reasons == ["the key has to be made before the retry (--unsafe-fixes does it)"]
    allowed = fix(before, project, unsafe=True).text.decode()
    assert "    idempotency_key = str(uuid.uuid4())\n    for attempt in range(3):\n" in allowed


def fixed_text(before: str, project: Path, *, unsafe: bool = True, select: str = "STP201") -> str:
    return fix(dedent(before).encode(), project, unsafe=unsafe, select=select).text.decode()


def test_a_line_that_becomes_too_long_is_broken_as_formatters_do(project: Path) -> None:
    before = """\
        import uuid

        import stripe


        def subscribe(request, price):
            customer = stripe.Customer.create(source=request.POST["token"], name=request.user)
            url = stripe.checkout.Session.create(mode="payment", success_url=request.path).url
            return answer(stripe.Subscription.create(customer=customer.id, items=[{"price": price}]))
        """
    after = """\
        import uuid

        import stripe


        def subscribe(request, price):
            idempotency_key = str(uuid.uuid4())
            customer = stripe.Customer.create(
                source=request.POST["token"], name=request.user, idempotency_key=idempotency_key
            )
            checkout_session_key = str(uuid.uuid4())
            url = stripe.checkout.Session.create(
                mode="payment", success_url=request.path, idempotency_key=checkout_session_key
            ).url
            subscription_key = str(uuid.uuid4())
            return answer(
                stripe.Subscription.create(
                    customer=customer.id, items=[{"price": price}], idempotency_key=subscription_key
                )
            )
        """
    assert fixed_text(before, project) == dedent(after)


def test_arguments_that_do_not_fit_in_one_line_get_one_each(project: Path) -> None:
    before = """\
        import uuid

        import stripe

        REFUND = {"reason": "requested_by_customer", "reverse_transfer": True, "note": "a line"}


        def refund(charge, amount):
            stripe.Refund.create(charge=charge.reference, amount=amount, metadata=REFUND["note"])
        """
    assert fixed_text(before, project).endswith(
        "    stripe.Refund.create(\n"
        "        charge=charge.reference,\n"
        "        amount=amount,\n"
        '        metadata=REFUND["note"],\n'
        "        idempotency_key=idempotency_key,\n"
        "    )\n"
    )


def test_a_line_within_the_length_of_the_others_stays_one(project: Path) -> None:
    before = """\
        import stripe


        def refund(charge, amount_of_the_refund, reason_of_the_refund, idempotency_key, reference, other):
            stripe.Refund.create(charge=charge, amount=amount_of_the_refund)
        """
    assert fixed_text(before, project).splitlines()[-1].startswith("    stripe.Refund.create(charge=charge, amount=")


def test_new_imports_in_one_place_are_one_block(project: Path) -> None:
    before = """\
        from shop.models import Order
        import stripe
        from rest_framework.response import Response


        def checkout(request):
            try:
                return Response(stripe.checkout.Session.create(mode="payment").url)
            except Exception as e:
                return Response({"error": str(e)})
        """
    configurations = Configurations(None, {"select": ["STP201", "STP301"]}, Place("test ", project))
    data = dedent(before).encode()
    (file,) = fix_text(data, project / "pay.py", "pay.py", configurations, Options(unsafe=True)).files
    assert file.after.decode().startswith(
        "import logging\nimport uuid\n\nfrom shop.models import Order\nimport stripe\n"
    )


def test_the_second_call_that_is_fixed_in_a_line_is_reported_where_it_went(project: Path) -> None:
    before = (
        'import uuid\nimport stripe\nx = stripe.Refund.create(charge="a") if y else stripe.Refund.create(charge="b")\n'
    )
    configurations = Configurations(None, {"select": ["STP201"]}, Place("test ", project))
    (file,) = fix_text(before.encode(), project / "pay.py", "pay.py", configurations, Options()).files
    lines = file.after.decode().splitlines()
    places = [each.finding.span for each in file.fixed]
    assert [lines[place.line - 1][place.column :][:20] for place in places] == ["stripe.Refund.create"] * 2
    assert places[0] != places[1]


SPARE = """\
from __future__ import annotations

import stripe

from conf import PREFIX, currency


def pay(amount):
    return stripe.PaymentIntent.create(amount=amount, currency=currency, idempotency_key=f"{PREFIX}-v2")
"""


@pytest.fixture
def configured(project: Path) -> Path:
    (project / "conf.py").write_text('PREFIX = "shop"\ncurrency = "eur"\n')
    return project


def test_an_import_that_a_fix_leaves_unused_goes(configured: Path) -> None:
    after = fix(SPARE.encode(), configured, unsafe=True, select="STP203").text.decode()
    assert "from conf import currency\n" in after
    alone = SPARE.replace(", currency\n", "\n").replace("currency=currency", 'currency="eur"').encode()
    assert b"conf" not in fix(alone, configured, unsafe=True, select="STP203").text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("PREFIX, currency\n", "PREFIX, currency  # the shop's\n"),
        ("def pay", '__all__ = ["PREFIX"]\n\n\ndef pay'),
        (
            "from conf import PREFIX, currency",
            "try:\n    from conf import PREFIX, currency\nexcept ImportError:\n    raise",
        ),
    ],
    ids=["comment", "exported", "in a try"],
)
def test_an_import_that_may_be_needed_stays(configured: Path, old: str, new: str) -> None:
    after = fix(SPARE.replace(old, new).encode(), configured, unsafe=True, select="STP203")
    assert after.fixed == 1
    assert b"from conf import PREFIX, currency" in after.text


def test_an_import_that_another_file_takes_from_here_stays(configured: Path) -> None:
    (configured / "other.py").write_text("from pay import PREFIX\n")
    (configured / "pay.py").write_text(SPARE)
    configurations = Configurations(None, {"select": ["STP203"]}, Place("test ", configured))
    report = fix_paths([configured], configurations, Options(unsafe=True), jobs=1)
    (file,) = report.changed
    assert b"from conf import PREFIX, currency" in file.after


def test_what_only_the_compiler_refuses_is_no_outcome() -> None:
    before, after = parse("def f():\n    x = 1\n"), parse("def f():\n    x = 1\n    global x\n")
    with pytest.raises(Declined, match="the outcome would not compile: name 'x' is assigned to before global"):
        check_compiles(before, after)
    check_compiles(after, after)


def test_no_return_is_put_into_an_except_that_takes_groups(project: Path) -> None:
    before = dedent("""\
        import os
        import stripe
        from flask import Flask, request

        app = Flask(__name__)


        @app.post("/stripe/webhook")
        def hook():
            event = None
            try:
                event = stripe.Webhook.construct_event(
                    request.data, request.headers.get("Stripe-Signature"), os.environ["STRIPE_WEBHOOK_SECRET"]
                )
            except* (ValueError, stripe.SignatureVerificationError):
                print("bad")
            return str(event["type"])
        """).encode()
    result = fix(before, project, unsafe=True, select="STP103")
    assert result.text == before
    assert result.reasons == [
        "no answer can leave an `except*`, not even one that is raised; catch the errors with `except`"
    ]


def test_a_file_that_does_not_compile_as_it_is_is_fixed_all_the_same(project: Path) -> None:
    data = b'import stripe\n\nawait stripe.Refund.create_async(charge="ch_1")\n'
    assert fix(data, project).fixed == 1


def test_many_calls_that_are_fixed_in_one_statement_are_reported_where_they_went(project: Path) -> None:
    """Each place is followed without comparing the statements letter by letter."""
    lines = [f'    "c{number}": lambda: stripe.Refund.create(charge="ch_{number}"),\n' for number in range(60)]
    data = f"import stripe\n\ncalls = {{\n{''.join(lines)}}}\n".encode()
    configurations = Configurations(None, {"select": ["STP201"]}, Place("test ", project))
    (file,) = fix_text(data, project / "pay.py", "pay.py", configurations, Options()).files
    text = file.after.decode().split("\n")
    assert len(file.fixed) == 60
    for number, each in enumerate(file.fixed):
        line, column = each.finding.span.line, each.finding.span.column
        assert text[line - 1][column:].startswith(f'stripe.Refund.create(charge="ch_{number}"')


def test_an_import_of_the_standard_library_that_another_file_takes_from_here_stays(project: Path) -> None:
    (project / "other.py").write_text("from pay import dt\n")
    (project / "pay.py").write_text(
        "import datetime as dt\n\nimport stripe\n\n\ndef pay():\n"
        '    stripe.Topup.create(amount=3, currency="eur", idempotency_key=str(dt.datetime.now()))\n'
    )
    configurations = Configurations(None, {"select": ["STP206"]}, Place("test ", project))
    report = fix_paths([project], configurations, Options(unsafe=True), jobs=1)
    (file,) = report.changed
    assert b"import datetime as dt" in file.after
