"""Finds the verifications that guard a request's body, by the text alone and without the linter's analysis."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mutation.event_uses import flows
from mutation.model import Skipped, place
from mutation.repositories import NamedFunction, last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mutation.repositories import File, Repository

PATTERN: Final = re.compile(rb"construct_event|parse_event_notification|parse_thin_event|verify_header")
GIVING_EVENTS: Final = frozenset({"construct_event", "parse_event_notification", "parse_thin_event"})
VERIFYING: Final = GIVING_EVENTS | {"verify_header"}
FARTHEST_CALLER: Final = 3

_REQUEST: Final = re.compile(r"(\w*_)?(request|req)|current_event|environ|environment|scope|rfile", re.IGNORECASE)
_LAMBDA_EVENT: Final = "event"
_TASK_CALLS: Final = frozenset({"delay", "apply_async", "send", "s", "si", "kiq", "defer"})
_NOT_A_ROUTE: Final = frozenset(
    {"task", "shared_task", "actor", "job", "db_task", "wraps", "staticmethod", "classmethod", "property", "override"}
    | {"contextmanager", "abstractmethod"}
)


@dataclass(frozen=True)
class Verification:
    """A call that verifies: the SDK's own, or one of a function of the project that makes it.

    ``expression`` is the call with its ``await``; ``access`` is where the request's body is read, if that is in the
    same function. ``around`` are the functions that call the one that verifies, or that it guards; ``within`` is the
    call that a helper makes. ``gives_event`` is false where the call only refuses, ``only_guards`` true where the
    function gives no event to those around it.
    """

    file: File
    expression: ast.expr
    call: ast.Call
    payload: ast.expr
    function: NamedFunction
    access: ast.Attribute | ast.Subscript | None
    gives_event: bool
    around: tuple[tuple[File, NamedFunction], ...]
    within: Verification | None = None
    only_guards: bool = False

    @property
    def statement(self) -> ast.stmt:
        """The statement that verifies."""
        return self.file.statement_of(self.expression)

    @property
    def event_name(self) -> str | None:
        """The variable that the statement puts the event in."""
        statement = self.statement
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and statement.value is self.expression:  # type: ignore[attr-defined]
            return targets[0].id
        return None

    @property
    def involved(self) -> tuple[tuple[File, NamedFunction], ...]:
        """Every function that takes part: the one that verifies, its callers, the helper that it calls."""
        inner = self.within.involved[:1] if self.within is not None else ()
        return ((self.file, self.function), *self.around, *inner)


def verifications(repository: Repository) -> Iterator[Verification | Skipped]:
    """All verifications of a repository that a request's body reaches."""
    for file in repository.candidates(PATTERN):
        for call, payload in _sdk_calls(file):
            where = place(file.path, repository.folder, call.lineno)
            function = file.function_of(call)
            if function is None:
                yield Skipped("(every mutation)", "the verification is in no function", where)
            elif payload is None:
                yield Skipped("(every mutation)", "the payload can't be told from the arguments", where)
            else:
                yield from _reached(repository, file, call, payload, function, where)


def _reached(
    repository: Repository, file: File, call: ast.Call, payload: ast.expr, function: NamedFunction, where: str
) -> Iterator[Verification | Skipped]:
    if any(isinstance(node, ast.Attribute) and node.attr == "get_response" for node in ast.walk(function)):
        yield Skipped("(every mutation)", "a middleware: what it guards is named by no code", where)
        return
    origin = _origin(file, function, payload)
    statement = file.statement_of(call)
    found = Verification(
        file,
        _with_await(file, call),
        call,
        payload,
        function,
        None if isinstance(origin, str) else origin,
        gives_event=last_name(call.func) != "verify_header" and not isinstance(statement, ast.Expr),
        around=(),
    )
    callers = _callers(repository, function)
    if not isinstance(origin, str | None) or (origin and filled_by_framework(function, origin)):
        around = [(source, outer) for source, _, outer in callers] or list(_guarded(repository, found))
        discarded = any(isinstance(source.statement_of(each), ast.Expr) for source, each, _ in callers)
        yield replace(found, around=_unique(around), only_guards=discarded or (not callers and bool(around)))
        return
    reaching = list(_reaching(repository, function, origin)) if origin else []
    if not reaching:
        yield Skipped("(every mutation)", "no request's body is seen to reach the verification", where)
        return
    discarded = any(isinstance(site.file.statement_of(site.call), ast.Expr) for site in reaching)
    inner = replace(found, around=_unique((site.file, site.function) for site in reaching), only_guards=discarded)
    yield inner
    hands_out = found.gives_event and _returns(function, inner)
    for site in reaching:
        if site.direct and last_name(site.call.func) == function.name:
            outer = _with_await(site.file, site.call)
            handed = hands_out and not isinstance(site.file.statement_of(site.call), ast.Expr)
            yield Verification(site.file, outer, site.call, site.payload, site.function, site.access, handed, (), inner)


def _unique(around: Iterable[tuple[File, NamedFunction]]) -> tuple[tuple[File, NamedFunction], ...]:
    return tuple(dict.fromkeys(around))


def _guarded(repository: Repository, found: Verification) -> Iterator[tuple[File, NamedFunction]]:
    """The functions that a decorator, dependency, base class or hook with this verification may stand before."""
    file, function = found.file, found.function
    outer = [node for node in file.ancestors(function) if isinstance(node, NamedFunction | ast.ClassDef)]
    hooked = any(
        (last_name(decorator.func if isinstance(decorator, ast.Call) else decorator) or "").startswith("before")
        for decorator in function.decorator_list
    )
    named = outer[-1].name if outer else function.name
    for source in repository.mentioning(named):
        routers = _routers(source, named)
        for candidate in source.nodes:
            if not isinstance(candidate, NamedFunction) or candidate is function or candidate in outer:
                continue
            decorators = [node for each in candidate.decorator_list for node in ast.walk(each)]
            decorated = any(
                _names(node, named) or (isinstance(node, ast.Name) and node.id in routers) for node in decorators
            )
            depends = any(_names(node, named) for node in ast.walk(candidate.args))
            owner = source.parents[candidate]
            listed = owner not in outer and any(
                _names(node, named) for each in _class_head(owner) for node in ast.walk(each)
            )
            if decorated or depends or listed:
                yield source, candidate
    if hooked:
        for candidate in file.nodes:
            if isinstance(candidate, NamedFunction) and candidate is not function:
                yield file, candidate


def _routers(file: File, named: str) -> set[str]:
    """The module's variables whose value mentions the guard: a router or an application."""
    return {
        target.id
        for statement in file.tree.body
        if isinstance(statement, ast.Assign) and any(_names(node, named) for node in ast.walk(statement.value))
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _class_head(owner: ast.AST) -> list[ast.AST]:
    """The bases, decorators and plain attributes of a class; nothing for what is no class."""
    if not isinstance(owner, ast.ClassDef):
        return []
    plain = [statement for statement in owner.body if isinstance(statement, ast.Assign | ast.AnnAssign)]
    return [*owner.bases, *owner.decorator_list, *plain]


def _names(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name


def _sdk_calls(file: File) -> Iterator[tuple[ast.Call, ast.expr | None]]:
    """The calls that verify, with the payload; the method may also be handed to the call, which then makes it."""
    for node in file.nodes:
        if not isinstance(node, ast.Call):
            continue
        if last_name(node.func) in VERIFYING:
            yield node, _payload(node.args, node.keywords)
            continue
        for index, argument in enumerate(node.args):
            if isinstance(argument, ast.Attribute) and argument.attr in VERIFYING:
                yield node, _payload(node.args[index + 1 :], node.keywords)


def _payload(arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr | None:
    for keyword in keywords:
        if keyword.arg in {"payload", "raw", "body"}:
            return keyword.value
    if arguments and not any(isinstance(argument, ast.Starred) for argument in arguments):
        return arguments[0]
    return None


def _with_await(file: File, call: ast.Call) -> ast.expr:
    outer = file.parents[call]
    return outer if isinstance(outer, ast.Await) else call


def _origin(file: File, function: NamedFunction, value: ast.expr) -> ast.Attribute | ast.Subscript | str | None:
    """The read of a request that ``value`` comes from, else the name of the parameter that it is, else ``None``."""
    pending, seen = [value], set()
    parameter: str | None = None
    while pending:
        expression = pending.pop()
        if _makes_object(expression):
            continue
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute | ast.Subscript) and _reads_request(node):
                return node
        for node in ast.walk(expression):
            if not isinstance(node, ast.Name) or node.id in seen:
                continue
            seen.add(node.id)
            for scope in (function, *(outer for outer in file.ancestors(function) if isinstance(outer, NamedFunction))):
                pending += _assigned(scope, node.id)
                if node.id in {argument.arg for argument in _parameters(scope)}:
                    parameter = parameter or node.id
    return parameter


def _makes_object(expression: ast.expr) -> bool:
    """Whether a value is put into an object whose attributes can't be told from what it was made of."""
    name = (last_name(expression.func) or "") if isinstance(expression, ast.Call) else ""
    return name[:1].isupper() or name in {"create", "get_or_create", "objects"}


def _reads_request(node: ast.Attribute | ast.Subscript) -> bool:
    name = last_name(node.value)
    if name == _LAMBDA_EVENT:
        return isinstance(node, ast.Subscript) or node.attr == "get"
    return name is not None and _REQUEST.fullmatch(name) is not None


def _assigned(function: NamedFunction, name: str) -> list[ast.expr]:
    """Every value that a function puts in a variable."""
    return [
        value
        for node in ast.walk(function)
        for target, value in flows(node)
        if any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(target))
    ]


def _parameters(function: NamedFunction) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def filled_by_framework(function: NamedFunction, name: str) -> bool:
    """Whether a decorator or a default says that the framework fills a parameter."""
    routed = any(
        last_name(decorator.func if isinstance(decorator, ast.Call) else decorator) not in _NOT_A_ROUTE
        for decorator in function.decorator_list
    )
    positional = [*function.args.posonlyargs, *function.args.args]
    names = [argument.arg for argument in reversed(positional)]
    defaults = dict(zip(names, reversed(function.args.defaults), strict=False))
    return routed or isinstance(defaults.get(name), ast.Call)


@dataclass(frozen=True)
class _Site:
    """A call of a function, from where a request's body goes into it; ``direct`` where it is read right there."""

    file: File
    call: ast.Call
    function: NamedFunction
    payload: ast.expr
    access: ast.Attribute | ast.Subscript | None
    direct: bool


def _reaching(repository: Repository, function: NamedFunction, parameter: str, distance: int = 0) -> Iterator[_Site]:
    """The calls that hand a request's body to the parameter of a function."""
    if distance >= FARTHEST_CALLER:
        return
    for source, call, outer in _callers(repository, function):
        handed = _argument(call, function, parameter)
        if handed is None:
            continue
        origin = _origin(source, outer, handed)
        if not isinstance(origin, str | None):
            yield _Site(source, call, outer, handed, origin, direct=True)
        elif origin and filled_by_framework(outer, origin):
            yield _Site(source, call, outer, handed, None, direct=True)
        elif origin:
            for site in _reaching(repository, outer, origin, distance + 1):
                yield _Site(source, call, outer, handed, None, direct=False)
                yield _Site(site.file, site.call, site.function, site.payload, site.access, direct=False)


def _callers(repository: Repository, function: NamedFunction) -> list[tuple[File, ast.Call, NamedFunction]]:
    """The calls of a function; calls of a method on who knows what only where the project has one of that name."""
    found: list[tuple[File, ast.Call, NamedFunction]] = []
    if function.name in VERIFYING:
        return found
    alone = (
        sum(_defines(node, function.name) for each in repository.mentioning(function.name) for node in each.nodes) < 2
    )
    for source in repository.mentioning(function.name):
        for node in source.nodes:
            if isinstance(node, ast.Call) and _calls(node, function.name):
                outer = source.function_of(node)
                if outer is not None and outer is not function and (alone or _is_plain(source, node)):
                    found.append((source, node, outer))
    return found


def _defines(node: ast.AST, name: str) -> bool:
    return isinstance(node, NamedFunction) and node.name == name


def _is_plain(file: File, call: ast.Call) -> bool:
    """Whether the names in a call's function tell what it calls: a function's name, ``self``, something imported."""
    if not isinstance(call.func, ast.Attribute):
        return True
    receiver = call.func.value
    if not isinstance(receiver, ast.Name):
        return False
    imported = {
        alias.asname or alias.name
        for node in file.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return receiver.id in {"self", "cls"} | imported


def _calls(call: ast.Call, name: str) -> bool:
    """Whether a call is of the function ``name``, or sends it to a task queue."""
    target = call.func
    if isinstance(target, ast.Attribute) and target.attr in _TASK_CALLS:
        target = target.value
    return last_name(target) == name


def _argument(call: ast.Call, function: NamedFunction, parameter: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == parameter:
            return keyword.value
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    if parameter in names and names.index(parameter) < len(call.args):
        value = call.args[names.index(parameter)]
        return None if isinstance(value, ast.Starred) else value
    return None


def _returns(function: NamedFunction, inner: Verification) -> bool:
    """Whether a helper gives its caller the event itself."""
    if isinstance(inner.statement, ast.Return):
        return inner.statement.value is inner.expression
    return any(
        isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id == inner.event_name
        for node in ast.walk(function)
    )
