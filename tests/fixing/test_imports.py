"""Imports and loggers: what a fix finds, what it adds and where, and which imports go because nothing needs them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from repairing import fix

from stripe_lint.config import Configurations
from stripe_lint.fixing.options import Options
from stripe_lint.fixing.run import fix_paths, fix_text
from stripe_lint.options import Place

if TYPE_CHECKING:
    from pathlib import Path

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
