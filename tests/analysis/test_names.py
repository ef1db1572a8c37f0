"""What names mean: aliases, scopes, instances, and things that other files of the project define.

In the cases below a heading tells what the expression in ``probe(…)`` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from probing import load, meaning, read_cases, read_files, write

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

OBJECTS = read_cases(
    """
# created -> stripe.PaymentIntent().confirm
import stripe
x = stripe.PaymentIntent.create()
probe(x.confirm)

# retrieved -> a stripe.PaymentIntent
import stripe
x = stripe.PaymentIntent.retrieve('p')
probe(x)

# awaited -> a stripe.Refund
import stripe
async def f():
    x = await stripe.Refund.create_async()
    probe(x)

# client -> service
from stripe import StripeClient
c = StripeClient('k')
probe(c)

# service of a client -> service v1.refunds.create
import stripe
c = stripe.StripeClient('k')
probe(c.v1.refunds.create)

# result of a service -> a stripe.Refund
import stripe
c = stripe.StripeClient('k')
probe(c.refunds.create())

# listed -> several stripe.Refund
import stripe
probe(stripe.Refund.list())

# loop over a list -> a stripe.Refund
import stripe
for x in stripe.Refund.list().auto_paging_iter():
    probe(x)

# loop over data -> a stripe.Refund
import stripe
for x in stripe.Refund.list().data:
    probe(x)

# entry of a list -> a stripe.Refund
import stripe
probe(stripe.Refund.list().data[0])

# exception class -> stripe.CardError
import stripe
probe(stripe.CardError)

# annotated parameter -> service refunds
import stripe
def f(c: stripe.StripeClient):
    probe(c.refunds)

# annotation in quotes -> service refunds
import stripe
def f(c: 'stripe.StripeClient'):
    probe(c.refunds)

# annotation or none -> service refunds
import stripe
def f(c: stripe.StripeClient | None):
    probe(c.refunds)

# optional annotation -> service
import stripe
from typing import Optional
def f(c: Optional[stripe.StripeClient] = None):
    probe(c)

# annotated with extras -> service
import stripe
from typing import Annotated
def f(c: Annotated[stripe.StripeClient, 1]):
    probe(c)

# annotated name -> service
import stripe
c: stripe.StripeClient
probe(c)

# annotated as something else -> unknown
import stripe
def f(c: Fake):
    probe(c.refunds)

# set on self -> service refunds
import stripe
class A:
    def __init__(self):
        self.c = stripe.StripeClient('k')
    def f(self):
        probe(self.c.refunds)

# set on self twice, differently -> unknown
import stripe, json
class A:
    def __init__(self):
        self.c = stripe.StripeClient('k')
    def g(self):
        self.c = json
    def f(self):
        probe(self.c.refunds)

# none first, then set on self -> service
import stripe
class A:
    def __init__(self):
        self.c = None
    def g(self):
        self.c = stripe.StripeClient('k')
    def f(self):
        probe(self.c)

# set on self from a parameter -> service
import stripe
class A:
    def __init__(self, c: stripe.StripeClient):
        self.c = c
    def f(self):
        probe(self.c)

# class attribute -> stripe.Refund
import stripe
class A:
    sdk = stripe
    def f(self):
        probe(self.sdk.Refund)

# class attribute by class -> stripe.Refund
import stripe
class A:
    sdk = stripe
probe(A.sdk.Refund)

# class attribute of a base -> stripe
import stripe
class A:
    sdk = stripe
class B(A):
    def f(self):
        probe(self.sdk)

# attribute of another object -> stripe.Refund
import stripe
class A:
    def __init__(self):
        self.c = stripe
a = A()
probe(a.c.Refund)

# property -> service
import stripe
class A:
    @property
    def c(self):
        return stripe.StripeClient('k')
    def f(self):
        probe(self.c)

# cached property -> service
import stripe
from functools import cached_property
class A:
    @cached_property
    def c(self):
        return stripe.StripeClient('k')
    def f(self):
        probe(self.c)

# classmethod -> class A in main.py
class A:
    @classmethod
    def f(cls):
        probe(cls)

# staticmethod -> unknown
class A:
    @staticmethod
    def f(self):
        probe(self)

# self -> a A of main.py
class A:
    def f(self):
        probe(self)

# method -> function g in main.py
class A:
    def f(self):
        probe(self.g)
    def g(self): ...

# client of its own class -> service refunds
import stripe
class C(stripe.StripeClient): ...
probe(C('k').refunds)

# object -> a A of main.py
class A: ...
probe(A())

# function -> function f in main.py
def f(): ...
probe(f)

# returned -> service
import stripe
def f():
    return stripe.StripeClient('k')
probe(f())

# returned or none -> stripe
import stripe
def f():
    if x:
        return None
    return stripe
probe(f())

# returned, different -> unknown
import stripe, json
def f():
    if x:
        return json
    return stripe
probe(f())

# returned by annotation -> service
import stripe
def f() -> stripe.StripeClient:
    return make()
probe(f())

# yielded -> service
import stripe
def f():
    yield stripe.StripeClient('k')
def g(c=Depends(f)): ...
from fastapi import Depends
def h(c=Depends(f)):
    probe(c)

# called object -> stripe.Refund
import stripe
class A:
    def __call__(self):
        return stripe
probe(A()().Refund)

# recursive function -> unknown
def f():
    return f()
probe(f())

# name that means itself -> unknown
x = x
probe(x)

# two names that mean each other -> unknown
x = y
y = x
probe(x.z)

# opened as context -> service refunds
import stripe
with stripe.StripeClient('k') as c:
    probe(c.refunds)

# nothing known -> unknown
def f(x):
    probe(x.y.z)
"""
)

PROJECTS = read_cases(
    """
# other module -> service
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from pay import client
probe(client)

# other module, whole -> service
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
import pay
probe(pay.client)

# other module, alias -> service
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
import pay as p
probe(p.client)

# sdk handed on -> stripe.Refund
--- pay.py
import stripe
--- main.py
from pay import stripe
probe(stripe.Refund)

# package -> service
--- shop/__init__.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop import client
probe(client)

# module of a package -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop.pay import client
probe(client)

# module of a package by name -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop import pay
probe(pay.client)

# dotted import -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
import shop.pay
probe(shop.pay.client)

# re-exported -> service
--- shop/__init__.py
from .pay import client
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop import client
probe(client)

# re-exported under another name -> service refunds
--- shop/__init__.py
from shop.pay import client as gateway
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop import gateway
probe(gateway.refunds)

# re-exported twice -> service
--- a/__init__.py
from b import client
--- b/__init__.py
from b.c import client
--- b/c.py
import stripe
client = stripe.StripeClient('k')
--- main.py
import a
probe(a.client)

# star import -> service
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from pay import *
probe(client)

# star import of a star import -> service
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- all.py
from pay import *
--- main.py
from all import *
probe(client)

# star import through a package -> service
--- shop/__init__.py
from .pay import *
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop import client
probe(client)

# own name before a star import -> unknown
--- pay.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from pay import *
client = object()
probe(client)

# star import of the sdk -> unknown
--- main.py
from stripe import *
probe(Refund)

# relative -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- shop/main.py
from .pay import client
probe(client)

# relative module -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- shop/main.py
from . import pay
probe(pay.client)

# relative to the package -> service
--- shop/__init__.py
import stripe
client = stripe.StripeClient('k')
--- shop/main.py
from . import client
probe(client)

# relative, two up -> service
--- shop/__init__.py
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')
--- shop/web/__init__.py
--- shop/web/main.py
from ..pay import client
probe(client)

# in a package's own file -> service
--- shop/__init__.py
from .pay import client
probe(client)
--- shop/pay.py
import stripe
client = stripe.StripeClient('k')

# class -> a A of pay.py
--- pay.py
class A: ...
--- main.py
from pay import A
probe(A())

# attribute of a class -> service
--- pay.py
import stripe
class A:
    def __init__(self):
        self.c = stripe.StripeClient('k')
--- main.py
from pay import A
probe(A().c)

# base class -> stripe.Refund
--- pay.py
import stripe
class A:
    sdk = stripe
--- main.py
import pay
class B(pay.A):
    def f(self):
        probe(self.sdk.Refund)

# function -> function f in pay.py
--- pay.py
def f(): ...
--- main.py
from pay import f
probe(f)

# what a function returns -> service
--- pay.py
import stripe
def f():
    return stripe.StripeClient('k')
--- main.py
from pay import f
probe(f())

# annotated parameter -> a A of pay.py
--- pay.py
class A: ...
--- main.py
from pay import A
def f(a: A):
    probe(a)

# name that the module lacks -> unknown
--- pay.py
--- main.py
from pay import client
probe(client)

# module that can't be parsed -> unknown
--- pay.py
x = (
--- main.py
import pay
probe(pay.client)

# imports in a circle -> unknown
--- a.py
from b import x
--- b.py
from a import x
--- main.py
from a import x
probe(x)

# star imports in a circle -> unknown
--- a.py
from b import *
--- b.py
from a import *
--- main.py
from a import x
probe(x)

# star import of a name that comes from the package -> unknown
--- shop/__init__.py
from .a import *
--- shop/a.py
from . import thing
--- main.py
from shop import thing
probe(thing)

# own module called stripe -> service
--- shop/__init__.py
--- shop/stripe.py
import stripe
client = stripe.StripeClient('k')
--- main.py
from shop.stripe import client
probe(client)

# own module called stripe, relative -> module shop/stripe.py
--- shop/__init__.py
--- shop/stripe.py
x = 1
--- shop/main.py
from . import stripe
probe(stripe)

# sdk beside an own module called stripe -> stripe.Refund
--- shop/__init__.py
--- shop/stripe.py
x = 1
--- shop/main.py
import stripe
probe(stripe.Refund)
"""
)


def each(cases: dict[str, tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("expected", "source"), cases.values(), ids=cases)


@each(IMPORTS)
def test_imports_and_aliases(expected: str, source: str, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected


@each(SCOPES)
def test_scopes(expected: str, source: str, tmp_path: Path) -> None:
    compile(source, "main.py", "exec")
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected


@each(OBJECTS)
def test_objects(expected: str, source: str, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected


@each(PROJECTS)
def test_names_of_other_files(expected: str, source: str, tmp_path: Path) -> None:
    files = read_files(source)
    write(tmp_path, files)
    (main,) = (name for name, text in files.items() if "probe(" in text)
    assert meaning(load(tmp_path, main)) == expected
