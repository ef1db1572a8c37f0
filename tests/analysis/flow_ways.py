"""The ways that a snippet can go: those that Python goes, and those that its flow graph has.

In a snippet, ``maybe()`` is true or false, ``risky()`` raises or not, and every other call is a mark on the way.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from textwrap import indent
from typing import TYPE_CHECKING, Any

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
