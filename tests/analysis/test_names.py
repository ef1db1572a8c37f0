"""What names mean in one file: imports, aliases, scopes.

In the cases below a heading tells what the expression in ``probe(…)`` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from probing import each, load, meaning, read_cases, write

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = read_cases(
    """
# import -> stripe.Refund.create
import stripe
probe(stripe.Refund.create)

# alias -> stripe.Refund.create
import stripe as payments
probe(payments.Refund.create)

# submodule -> stripe.error.CardError
import stripe.error
probe(stripe.error.CardError)

# submodule with alias -> stripe.error.CardError
import stripe.error as e
probe(e.CardError)

# from -> stripe.Refund.create
from stripe import Refund
probe(Refund.create)

# from with alias -> stripe.Refund.create
from stripe import Refund as R
probe(R.create)

# from submodule -> stripe.checkout.Session.create
from stripe.checkout import Session
probe(Session.create)

# private module -> stripe.Webhook.construct_event
from stripe._webhook import Webhook
probe(Webhook.construct_event)

# import in function -> stripe.Refund
def f():
    import stripe
    probe(stripe.Refund)

# import in try -> stripe.Refund
try:
    import stripe
except ImportError:
    stripe = None
probe(stripe.Refund)

# assigned -> stripe.Refund
import stripe
sdk = stripe
probe(sdk.Refund)

# method assigned -> stripe.Refund.create
import stripe
refund = stripe.Refund.create
probe(refund)

# walrus -> stripe.Refund.create
import stripe
if (create := stripe.Refund.create):
    probe(create)

# one of two, equal -> stripe
import stripe
x = stripe if y else stripe
probe(x)

# one of two, different -> unknown
import stripe
import json
x = stripe if y else json
probe(x)

# assigned twice -> unknown
import stripe
stripe = object()
probe(stripe.Refund)

# or none -> stripe.Refund
import stripe
x = None
x = stripe
probe(x.Refund)

# builtin -> builtins.open
probe(open)

# another library -> flask.request.json
from flask import request
probe(request.json)

# partial -> partial stripe.Refund.create
import functools, stripe
f = functools.partial(stripe.Refund.create, amount=1)
probe(f)

# cast -> stripe.Refund
from typing import cast
import stripe
probe(cast('X', stripe).Refund)
"""
)

SCOPES = read_cases(
    """
# parameter -> unknown
import stripe
def f(stripe):
    probe(stripe.Refund)

# keyword parameter -> unknown
import stripe
def f(*, stripe):
    probe(stripe.Refund)

# many parameters -> unknown
import stripe
def f(*stripe):
    probe(stripe.Refund)

# parameter of an outer function -> unknown
import stripe
def f(stripe):
    def g():
        probe(stripe.Refund)

# parameter of a lambda -> unknown
import stripe
f = lambda stripe: probe(stripe.Refund)

# lambda -> stripe.Refund
import stripe
f = lambda: probe(stripe.Refund)

# local -> unknown
import stripe
def f():
    stripe = object()
    probe(stripe.Refund)

# local bound later -> unknown
import stripe
def f():
    probe(stripe.Refund)
    stripe = 1

# loop variable -> unknown
import stripe
for stripe in x:
    probe(stripe.Refund)

# with target -> unknown
import stripe
with x as stripe:
    probe(stripe.Refund)

# exception -> unknown
import stripe
try:
    x
except E as stripe:
    probe(stripe.Refund)

# unpacked -> unknown
import stripe
def f():
    (a, [*stripe]) = x
    probe(stripe.Refund)

# match pattern -> unknown
import stripe
match x:
    case {'a': stripe}:
        probe(stripe.Refund)

# match rest -> unknown
import stripe
match x:
    case {**stripe}:
        probe(stripe.Refund)

# function of that name -> unknown
import stripe
def f():
    def stripe(): ...
    probe(stripe.Refund)

# local of another function -> stripe.Refund
import stripe
def g():
    stripe = 1
def f():
    probe(stripe.Refund)

# global -> unknown
import stripe
def f():
    global stripe
    stripe = 1
probe(stripe.Refund)

# global import -> stripe.Refund
def f():
    global stripe
    import stripe
def g():
    probe(stripe.Refund)

# nonlocal -> unknown
import stripe
def f():
    stripe = 1
    def g():
        nonlocal stripe
        probe(stripe.Refund)

# class attribute is not seen in methods -> stripe.Refund
import stripe
class A:
    stripe = 1
    def f(self):
        probe(stripe.Refund)

# class attribute is seen in the class -> unknown
import stripe
class A:
    stripe = 1
    x = probe(stripe.Refund)

# class attribute is seen in a default -> unknown
import stripe
class A:
    stripe = 1
    def f(self, x=probe(stripe.Refund)): ...

# class attribute is seen in a decorator -> unknown
import stripe
class A:
    stripe = 1
    @probe(stripe.Refund)
    def f(self): ...

# default sees the scope around -> stripe.Refund
import stripe
def f(stripe=probe(stripe.Refund)): ...

# comprehension variable -> unknown
import stripe
x = [probe(stripe.Refund) for stripe in y]

# comprehension variable stays inside -> stripe.Refund
import stripe
x = [stripe for stripe in y]
probe(stripe.Refund)

# first iterable is outside -> stripe.Refund
import stripe
x = [stripe for stripe in probe(stripe.Refund)]

# second iterable is inside -> unknown
import stripe
x = [1 for stripe in y for z in probe(stripe.Refund)]

# condition of a comprehension -> unknown
import stripe
x = {1 for stripe in y if probe(stripe.Refund)}

# comprehension in a class -> stripe.Refund
import stripe
class A:
    stripe = 1
    x = [probe(stripe.Refund) for _ in y]

# first iterable in a class -> unknown
import stripe
class A:
    stripe = 1
    x = [_ for _ in probe(stripe.Refund)]

# walrus in a comprehension binds outside -> unknown
import stripe
def f():
    x = [stripe := 1 for _ in y]
    probe(stripe.Refund)

# deleted -> stripe.Refund
import stripe
x = stripe
del x
probe(stripe.Refund)

# decorator -> stripe.Refund
import stripe
@probe(stripe.Refund)
def stripe_view(): ...

# async function -> unknown
import stripe
async def f(stripe):
    probe(stripe.Refund)

# async for -> unknown
import stripe
async def f():
    async for stripe in x:
        probe(stripe.Refund)
"""
)


@each(IMPORTS)
def test_imports_and_aliases(expected: str, source: str, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected


@each(SCOPES)
def test_scopes(expected: str, source: str, tmp_path: Path) -> None:
    compile(source, "main.py", "exec")
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected
