"""What names mean that other files of the project define, or hand on.

In the cases below a heading tells what the expression in ``probe(…)`` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from probing import each, load, meaning, read_cases, read_files, write

if TYPE_CHECKING:
    from pathlib import Path

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


@each(PROJECTS)
def test_names_of_other_files(expected: str, source: str, tmp_path: Path) -> None:
    files = read_files(source)
    write(tmp_path, files)
    (main,) = (name for name, text in files.items() if "probe(" in text)
    assert meaning(load(tmp_path, main)) == expected
