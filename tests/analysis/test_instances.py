"""What objects are: those of the SDK, those of the file's own classes, and what functions return.

In the cases below a heading tells what the expression in ``probe(…)`` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from probing import each, load, meaning, read_cases, write

if TYPE_CHECKING:
    from pathlib import Path

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


@each(OBJECTS)
def test_objects(expected: str, source: str, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": source})
    assert meaning(load(tmp_path, "main.py")) == expected
