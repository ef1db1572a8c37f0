"""The flow graph, held against Python itself: each snippet is run in every way it can go, and compared.

In a snippet, ``maybe()`` is true or false, ``risky()`` raises or not, and every other call is a mark on the way. What
Python does must be a way through the graph, and a way through the graph must be one that Python goes.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from textwrap import indent
from typing import TYPE_CHECKING, Any

import pytest

from stripe_lint.analysis import control_flow
from stripe_lint.analysis.control_flow import FlowNode, Graph, NodeKind
from stripe_lint.parsing import tree_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

Way = tuple[str, ...]

MOST_CHOICES = 9
"""Python is run with this many choices at most; a run that asks for more is not counted."""

MOST_VISITS = 2
"""A way through the graph passes each node so often at most."""

MARKS = "abcdefgh"


def titled(text: str) -> dict[str, str]:
    """The snippets of ``text`` by the comment above each."""
    pieces = re.split(r"^# (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], map(str.strip, pieces[2::2]), strict=True))


SNIPPETS = titled(
    """
# nothing
pass

# one after another
a()
b()

# if
if maybe():
    a()
b()

# if and else
if maybe():
    a()
else:
    b()
c()

# elif
if maybe():
    a()
elif maybe():
    b()
else:
    c()
d()

# early return
if maybe():
    return a()
b()

# and
if maybe() and maybe():
    a()
else:
    b()

# or
if maybe() or maybe():
    a()
else:
    b()

# not
if not maybe():
    a()
else:
    b()

# mixed condition
if not (maybe() and (risky() or maybe())):
    a()
else:
    b()

# constant conditions
if True:
    a()
else:
    b()
if 0:
    c()
d()

# condition that raises
if risky():
    a()
b()

# for
for _ in some():
    a()
b()

# for and else
for _ in some():
    a()
    if maybe():
        break
else:
    b()
c()

# continue
for _ in some():
    if maybe():
        continue
    a()
b()

# while
while maybe():
    a()
b()

# while and else
while maybe():
    if maybe():
        break
    a()
else:
    b()
c()

# while condition that raises
while maybe() and risky():
    a()
b()

# endless loop
while True:
    a()
    if maybe():
        break
    b()
c()

# endless loop with return
while 1:
    a()
    if maybe():
        return
    b()

# endless loop has no else
while True:
    if maybe():
        break
else:
    a()
b()

# loop that never runs
while False:
    a()
else:
    b()
c()

# nested loops
for _ in some():
    while maybe():
        break
    else:
        continue
    a()
b()

# return in a loop
for _ in some():
    return a()
b()

# raise
a()
raise Error
b()

# call that raises
a()
risky()
b()

# except
try:
    a()
    risky()
    b()
except Error:
    c()
d()

# bare except
try:
    risky()
    a()
except:
    b()
c()

# except of another class
try:
    risky()
except KeyError:
    a()
b()

# several handlers
try:
    risky()
except KeyError:
    a()
except Error as error:
    b()
c()

# handler that raises again
try:
    risky()
except Error:
    a()
    raise
b()

# handler that returns
try:
    risky()
except Error:
    return a()
b()

# handler that fails
try:
    risky()
except Error:
    risky()
    a()
b()

# try and else
try:
    risky()
except Error:
    a()
else:
    b()
    risky()
c()

# raise in try
try:
    if maybe():
        raise Error
    a()
except Error:
    b()
c()

# nested try
try:
    try:
        risky()
    except KeyError:
        a()
    b()
except Error:
    c()
d()

# try in handler
try:
    risky()
except Error:
    try:
        risky()
    except Error:
        a()
b()

# finally
try:
    a()
    risky()
finally:
    b()
c()

# except and finally
try:
    risky()
except Error:
    a()
finally:
    b()
c()

# all four
try:
    risky()
except Error:
    a()
else:
    b()
    risky()
finally:
    c()
d()

# handler fails before finally
try:
    risky()
except Error:
    risky()
finally:
    a()
b()

# return through finally
try:
    if maybe():
        return a()
    b()
finally:
    c()
d()

# return in handler through finally
try:
    risky()
except Error:
    return a()
finally:
    b()
c()

# break through finally
for _ in some():
    try:
        if maybe():
            break
        a()
    finally:
        b()
c()

# continue through finally
for _ in some():
    try:
        if maybe():
            continue
        a()
    finally:
        b()
    c()
d()

# break in finally
for _ in some():
    try:
        risky()
    finally:
        if maybe():
            break
    a()
b()

# return in finally
try:
    risky()
    a()
finally:
    return b()

# raise in finally
try:
    return a()
finally:
    risky()
b()

# choice in finally
try:
    risky()
finally:
    if maybe():
        a()
    else:
        b()
c()

# finally in finally
try:
    if maybe():
        return
    a()
finally:
    try:
        risky()
    finally:
        b()
c()

# two finally on the way out
try:
    try:
        if maybe():
            return
        risky()
    finally:
        a()
finally:
    b()
c()

# break leaves only the inner finally
try:
    for _ in some():
        try:
            break
        finally:
            a()
    b()
finally:
    c()

# loop in finally
try:
    risky()
finally:
    for _ in some():
        a()
b()

# loop around try
while maybe():
    try:
        risky()
        break
    except Error:
        a()
else:
    b()
c()

# with
with open_():
    a()
    risky()
b()

# with that fails to open
try:
    with risky():
        a()
except Error:
    b()
c()

# return in with
with open_():
    if maybe():
        return a()
    b()
c()

# suppress
with suppress(Error):
    risky()
    a()
b()

# suppress as an attribute
with contextlib.suppress(Error):
    risky()
    a()
b()

# suppress of another class
with suppress(KeyError):
    risky()
    a()
b()

# suppress among others
with open_(), suppress(Error):
    a()
    risky()
    b()
c()

# return in suppress
with suppress(Error):
    risky()
    return a()
b()

# suppress in a loop
for _ in some():
    with suppress(Error):
        risky()
        break
    a()
b()

# match
match [maybe(), maybe()]:
    case [True, _]:
        a()
    case [_, True]:
        b()
c()

# match with a default
match maybe():
    case True:
        return a()
    case _:
        b()
c()

# match with a name
match maybe():
    case True:
        a()
    case other:
        b()
c()

# match with guards
match 1:
    case 1 if maybe():
        a()
    case _ if maybe():
        b()
c()

# match of something that fails
match risky():
    case _:
        a()
b()

# assert
a()
assert maybe()
b()

# assert in try
try:
    assert maybe()
    a()
except AssertionError:
    b()
c()

# assert with two conditions
assert maybe() and maybe()
a()

# sys.exit
if maybe():
    sys.exit(1)
a()

# sys.exit in try
try:
    sys.exit(1)
except Error:
    a()
finally:
    b()
c()

# exit
if maybe():
    exit()
a()

# inner function
def inner():
    a()
b()

# inner class
class Inner:
    pass
b()

# async for
async for _ in some_async():
    a()
    if maybe():
        break
else:
    b()
c()

# async with
async with open_():
    a()
    risky()
b()
"""
)
if sys.version_info >= (3, 11):
    SNIPPETS |= titled(
        """
# except*
try:
    risky()
    a()
except* Error:
    b()
c()
"""
    )


class Error(Exception):
    """What ``risky()`` raises."""


class TooManyChoicesError(BaseException):
    """Nothing in a snippet catches it."""


class Choices:
    """Answers the questions of one run, first as told and then with no, and remembers how many there were."""

    def __init__(self, told: list[bool]) -> None:
        self.told = told
        self.asked = 0

    def maybe(self) -> bool:
        self.asked += 1
        if self.asked > MOST_CHOICES:
            raise TooManyChoicesError
        return self.asked <= len(self.told) and self.told[self.asked - 1]

    def risky(self) -> Manager:
        if self.maybe():
            raise Error
        return Manager(self)

    def some(self) -> Iterator[None]:
        while self.maybe():
            yield

    async def some_async(self) -> AsyncIterator[None]:
        while self.maybe():
            yield


class Manager:
    """A context manager that does nothing, and that may be true or false."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices

    def __bool__(self) -> bool:
        return self.choices.maybe()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


def definition(snippet: str) -> str:
    prefix = "async def" if "async" in snippet else "def"
    return f"{prefix} function():\n{indent(snippet, '    ')}\n"


def ways_of_python(snippet: str) -> set[Way]:
    """What happens in every run of the snippet."""
    found: set[Way] = set()
    waiting: list[list[bool]] = [[]]
    while waiting:
        choices = Choices(waiting.pop())
        with contextlib.suppress(TooManyChoicesError):
            found.add(run(snippet, choices))
        unasked = range(min(choices.asked, MOST_CHOICES) - len(choices.told))
        waiting += [[*choices.told, *[False] * number, True] for number in unasked]
    return found


def run(snippet: str, choices: Choices) -> Way:
    way: list[str] = []

    def leave() -> None:
        raise SystemExit

    names: dict[str, Any] = {mark: (lambda mark=mark: way.append(mark)) for mark in MARKS}
    names |= {"maybe": choices.maybe, "risky": choices.risky, "some": choices.some, "some_async": choices.some_async}
    names |= {"Error": Error, "contextlib": contextlib, "suppress": contextlib.suppress, "sys": sys, "exit": leave}
    names |= {"open_": lambda: Manager(choices)}
    exec(definition(snippet), names)
    try:
        result = names["function"]()
        if result is not None:
            with contextlib.suppress(StopIteration):
                result.send(None)
    except (Exception, SystemExit):
        return (*way, "raise")
    return (*way, "return")


def graph_of(snippet: str) -> Graph:
    function = tree_of(definition(snippet)).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    return control_flow.build(function)


def own_syntax(node: FlowNode) -> list[ast.AST]:
    """What runs at a node, without the statements inside."""
    return [] if node.syntax is None or node.kind in _PASSED_THROUGH else own_syntax_of(node.syntax)


def own_syntax_of(syntax: ast.AST) -> list[ast.AST]:
    if isinstance(syntax, ast.Match):
        parts: list[ast.AST] = [syntax.subject]
    elif isinstance(syntax, ast.With | ast.AsyncWith):
        parts = [item.context_expr for item in syntax.items]
    elif isinstance(syntax, ast.For | ast.AsyncFor):
        parts = [syntax.iter]
    elif isinstance(syntax, ast.While | ast.FunctionDef | ast.ClassDef):
        parts = []
    else:
        parts = [syntax]
    return [inner for part in parts for inner in ast.walk(part)]


_PASSED_THROUGH = {NodeKind.DISPATCH, NodeKind.HANDLER, NodeKind.CASE}


def calls_at(node: FlowNode) -> list[str]:
    calls = [inner for inner in own_syntax(node) if isinstance(inner, ast.Call)]
    return [call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func) for call in calls]


def raised_at(node: FlowNode, flying: type[BaseException]) -> type[BaseException]:
    """What the statement at a node raises; ``flying`` is what was raised last, for a plain ``raise``."""
    syntax = node.syntax
    if isinstance(syntax, ast.Assert):
        return AssertionError
    if isinstance(syntax, ast.Raise) and syntax.exc is None:
        return flying
    return SystemExit if {"sys.exit", "exit"} & set(calls_at(node)) else Error


def catches(handler: FlowNode, flying: type[BaseException]) -> bool:
    syntax = handler.syntax
    if isinstance(syntax, ast.ExceptHandler):
        caught = [syntax.type] if syntax.type is not None else []
        return not caught or any(issubclass(flying, CLASSES[ast.unparse(each)]) for each in caught)
    assert isinstance(syntax, ast.With)
    suppressed = [argument for inner in own_syntax_of(syntax) if isinstance(inner, ast.Call) for argument in inner.args]
    return any(issubclass(flying, CLASSES[ast.unparse(each)]) for each in suppressed)


CLASSES: dict[str, type[BaseException]] = {"Error": Error, "KeyError": KeyError, "AssertionError": AssertionError}


def steps(node: FlowNode, flying: type[BaseException]) -> list[tuple[FlowNode, type[BaseException]]]:
    """Where a node can lead when ``flying`` is what was raised last."""
    if node.kind is NodeKind.DISPATCH:
        target = next((each for each in node.handlers if catches(each, flying)), node.raising)
        assert target is not None
        return [(target, flying)]
    found = [(each, flying) for each in (node.following, node.otherwise) if each is not None]
    if node.raising is not None and (not found or "risky" in calls_at(node)):
        found.append((node.raising, raised_at(node, flying)))
    return found


def ways_of_graph(graph: Graph) -> set[Way]:
    found: set[Way] = set()
    waiting: list[tuple[FlowNode, type[BaseException], Way, dict[FlowNode, int]]] = [(graph.entry, Error, (), {})]
    while waiting:
        node, flying, way, visits = waiting.pop()
        if node.kind in ENDS:
            found.add((*way, node.kind.name.lower()))
        elif visits.get(node, 0) < MOST_VISITS:
            marks = tuple(call for call in calls_at(node) if call in MARKS)
            counted = visits | {node: visits.get(node, 0) + 1}
            waiting += [(after, flies, way + marks, counted) for after, flies in steps(node, flying)]
    return found


def leads_through(graph: Graph, way: Way) -> bool:
    """Whether the graph has this way, however often it repeats a loop."""
    waiting: list[tuple[FlowNode, type[BaseException], Way]] = [(graph.entry, Error, way)]
    seen = set()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        node, flying, rest = place
        if node.kind in ENDS:
            if rest == (node.kind.name.lower(),):
                return True
            continue
        marks = tuple(call for call in calls_at(node) if call in MARKS)
        if rest[: len(marks)] == marks:
            waiting += [(after, flies, rest[len(marks) :]) for after, flies in steps(node, flying)]
    return False


ENDS = (NodeKind.RETURN, NodeKind.RAISE)

every_snippet = pytest.mark.parametrize("snippet", SNIPPETS.values(), ids=SNIPPETS)


@every_snippet
def test_every_run_is_a_way_through_the_graph(snippet: str) -> None:
    graph = graph_of(snippet)
    runs = ways_of_python(snippet)
    assert runs
    assert [way for way in runs if not leads_through(graph, way)] == []


@every_snippet
def test_every_way_through_the_graph_is_a_run(snippet: str) -> None:
    ways = ways_of_graph(graph_of(snippet))
    assert ways
    assert ways - ways_of_python(snippet) == set()


def nodes_that_call(graph: Graph, name: str) -> list[FlowNode]:
    return [node for nodes in graph.at.values() for node in nodes if name in calls_at(node)]


def test_a_finally_body_has_a_node_for_each_way_that_leaves() -> None:
    graph = graph_of(
        "for _ in some():\n    try:\n        if maybe():\n            break\n        risky()\n    finally:\n        a()"
    )
    assert len(nodes_that_call(graph, "a")) == 3


@pytest.mark.parametrize(
    ("snippet", "passes"),
    [
        ("a()\nb()", True),
        ("if maybe():\n    a()\nb()", False),
        ("if not maybe():\n    return\na()\nb()", True),
        ("try:\n    a()\nexcept Error:\n    pass\nb()", True),
        ("try:\n    risky()\n    a()\nexcept Error:\n    pass\nb()", False),
        ("try:\n    risky()\n    a()\nexcept Error:\n    raise\nb()", True),
        ("while maybe():\n    a()\nb()", False),
        ("while True:\n    a()\n    if maybe():\n        break\nb()", True),
    ],
)
def test_whether_every_way_to_a_place_passes_another(snippet: str, passes: bool) -> None:
    graph = graph_of("start()\n" + snippet)
    (start,) = nodes_that_call(graph, "start")
    (goal,) = nodes_that_call(graph, "b")
    around = control_flow.reachable(start, without=frozenset(nodes_that_call(graph, "a")))
    assert goal in control_flow.reachable(start)
    assert (goal not in around) == passes


def test_exceptions_of_ordinary_steps_can_be_left_out() -> None:
    graph = graph_of("try:\n    a()\n    b()\nexcept Error:\n    c()\nd()")
    (start,) = nodes_that_call(graph, "a")
    (handled,) = nodes_that_call(graph, "c")
    assert handled in control_flow.reachable(start)
    assert handled not in control_flow.reachable(start, exceptions=False)


def test_a_lambda_returns_its_expression() -> None:
    function = ast.parse("lambda: a()").body[0].value  # type: ignore[attr-defined]
    assert ways_of_graph(control_flow.build(function)) == {("a", "return")}


def test_a_module_is_a_block() -> None:
    body = ast.parse("if maybe():\n    a()\nb()").body
    assert ways_of_graph(control_flow.build_block(body)) == {("a", "b", "return"), ("b", "return")}
