"""The ways in which a correct webhook handler is broken, and the rule that has to notice each.

Where a handler is judged as a whole (STP101 to STP103), the finding may stand anywhere in the function that was
broken, or in a caller that the broken function hands its event to.

Moved behind the use is STP102 by the letter of the rules (the handler verifies, and data is used unverified); where the
call that was moved can't be reached any more nothing verifies, which is STP101. Only handlers are moved in which the
event has an effect: what merely looks at it before the verification is STP104.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from mutation.event_uses import has_effect, is_used
from mutation.model import Expected, Mutant, UnfairError
from mutation.repositories import NamedFunction, last_name
from mutation.text import LEVEL, MARK, Draft, ensure_import
from mutation.verifications import VERIFYING, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mutation.text import SourceText

CODES: Final = ("STP101", "STP102", "STP103", "STP104", "STP105")

_LOGGING: Final = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "capture_exception"}
    | {"capture_message", "log_error", "secho"}
)
_CAUGHT: Final = {
    "SignatureVerificationError": frozenset({"SignatureVerificationError"}),
    "StripeError": frozenset({"SignatureVerificationError"}),
    "ValueError": frozenset({"ValueError"}),
}
_EVERYTHING: Final = frozenset({"Exception", "BaseException"})


def mutations(verification: Verification) -> Iterator[tuple[str, Callable[[], Iterator[Mutant]]]]:
    """Each mutation by name, to be tried on its own; trying raises ``UnfairError`` where it says nothing."""
    for name, mutate in _MUTATIONS.items():
        yield name, lambda name=name, mutate=mutate: mutate(name, verification)  # type: ignore[misc]


class _Change:
    """A draft of one file, with the names that every mutation uses."""

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        self.file = verification.file
        self.source: SourceText = self.file.source
        self.draft = Draft(self.source)
        self.payload = self.source.of(verification.payload)
        self.parsed = f"json.loads({self.payload})"

    def use_module(self, name: str) -> None:
        """Imports a module where it is missing."""
        if not ensure_import(self.draft, self.file.tree, name):
            raise UnfairError(f"`{name}` is bound to something else, or inside a function")

    def indentation(self) -> str:
        """The white space before the statement that verifies."""
        before = self.source.indentation(self.verification.statement)
        if before is None:
            raise UnfairError("the statement shares its line with another one")
        return before

    def flag(self) -> str:
        """A switch that turns the verification off."""
        if self.file.imports("django") and any(
            isinstance(statement, ast.ImportFrom) and any(alias.name == "settings" for alias in statement.names)
            for statement in self.file.tree.body
        ):
            return "settings.DEBUG"
        self.use_module("os")
        return 'os.environ.get("WEBHOOK_CHECKS_OFF")'

    def finished(self, mutation: str, *codes: str, with_callers: bool = False) -> Mutant:
        """The mutant; the callers of the broken function count as places too where it hands them its event."""
        elsewhere = []
        if with_callers:
            for file, function in self.verification.involved[1:]:
                if file is self.file:
                    self.draft.mark(self.source.offset(function.lineno, function.col_offset))
                else:
                    elsewhere.append(Expected(file, function.lineno))
        return Mutant(mutation, codes, self.file, self.draft.build(), tuple(elsewhere))


def _require_use(verification: Verification) -> None:
    name = verification.event_name
    if name is not None and not is_used(verification.function, name):
        raise UnfairError("nothing of the event but its id is used")


def _other_verifications(verification: Verification) -> bool:
    """Whether more than one call of the function verifies."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in VERIFYING and not _is_inside(node, verification.expression)
        for node in ast.walk(verification.function)
    )


def _is_inside(node: ast.AST, around: ast.AST) -> bool:
    return any(node is inner for inner in ast.walk(around))


def _removed(mutation: str, verification: Verification) -> Iterator[Mutant]:
    _require_use(verification)
    codes = ("STP102",) if _other_verifications(verification) else ("STP101",)
    if verification.gives_event:
        builders = ["{}"]
        if verification.within is None and any(
            isinstance(node, ast.Name) and node.id == "stripe" for node in ast.walk(verification.call.func)
        ):
            builders.append("stripe.Event.construct_from({}, stripe.api_key)")
        for builder in builders:
            change = _Change(verification)
            change.use_module("json")
            change.draft.replace(verification.expression, MARK + builder.format(change.parsed))
            yield change.finished(mutation, *codes, with_callers=verification.only_guards)
        return
    change = _Change(verification)
    change.draft.replace(verification.expression, MARK + _nothing_in_place_of(verification))
    yield change.finished(mutation, *codes, with_callers=True)


def _nothing_in_place_of(verification: Verification) -> str:
    if isinstance(verification.statement, ast.Expr):
        return "None"
    if verification.within is not None:
        raise UnfairError("the helper gives something else than the event")
    return "True"


def _moved(mutation: str, verification: Verification) -> Iterator[Mutant]:
    _require_use(verification)
    function = verification.function
    names = {verification.event_name} if verification.event_name else _parsed_names(function)
    if verification.gives_event and verification.event_name is None:
        raise UnfairError("the event is handed on where it is verified")
    if not has_effect(verification.file, function, {name for name in names if name}):
        raise UnfairError("the event has no effect in the function that verifies")
    change = _Change(verification)
    call = change.source.of(verification.expression)
    last = function.body[-1]
    indentation = change.source.indentation(last)
    if indentation is None:
        raise UnfairError("the statement shares its line with another one")
    if verification.gives_event:
        change.use_module("json")
        change.draft.replace(verification.expression, MARK + change.parsed)
    elif isinstance(verification.statement, ast.Expr):
        change.draft.replace(verification.expression, MARK + "None")
    else:
        raise UnfairError("the verification decides a condition")
    if isinstance(last, ast.Return):
        change.draft.insert(change.source.start(last), f"{call}\n{indentation}")
    else:
        change.draft.insert(change.source.end(last), f"\n{indentation}{call}")
    yield change.finished(mutation, "STP102", "STP101")


def _parsed_names(function: NamedFunction) -> set[str]:
    return {
        node.targets[0].id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and any(
            last_name(inner.func) in {"loads", "construct_from", "json", "get_json"}
            for inner in ast.walk(node.value)
            if isinstance(inner, ast.Call)
        )
    }


def _flagged(mutation: str, verification: Verification) -> Iterator[Mutant]:
    _require_use(verification)
    yield _flagged_statement(mutation, verification)
    if verification.gives_event:
        change = _Change(verification)
        change.use_module("json")
        flag = change.flag()
        start, end = change.source.start(verification.expression), change.source.end(verification.expression)
        change.draft.insert(start, f"{MARK}({change.parsed} if {flag} else ")
        change.draft.insert(end, ")")
        yield change.finished(mutation, "STP102", with_callers=True)


def _flagged_statement(mutation: str, verification: Verification) -> Mutant:
    change = _Change(verification)
    indentation = change.indentation()
    statement = verification.statement
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr):
        raise UnfairError("the verification stands in the head of a compound statement")
    flag = change.flag()
    start = change.source.start(statement)
    if verification.gives_event:
        change.use_module("json")
        text = change.source.of(statement).encode()
        before = text[: change.source.start(verification.expression) - start].decode()
        after = text[change.source.end(verification.expression) - start :].decode()
        unverified = f"{before}{change.parsed}{after}"
        change.draft.insert(start, f"if {flag}:\n{indentation}{LEVEL}{MARK}{unverified}\n{indentation}else:\n")
        change.draft.insert(start, f"{indentation}{LEVEL}")
    elif isinstance(statement, ast.Expr):
        change.draft.insert(start, f"{MARK}if not {flag}:\n{indentation}{LEVEL}")
    else:
        raise UnfairError("the helper gives something else than the event")
    return change.finished(mutation, "STP102", with_callers=True)


def _swallowed(mutation: str, verification: Verification) -> Iterator[Mutant]:
    file = verification.file
    handlers = list(_catching(verification))
    if not handlers:
        raise UnfairError("nothing in the function catches the failure")
    if any(isinstance(outer, ast.For | ast.While) for outer in _up_to_function(verification)):
        raise UnfairError("the verification stands in a loop over secrets")
    if not _leaves_without(verification):
        raise UnfairError("what follows, or the caller, tests whether there is an event")
    for handler in handlers:
        if not _leaves(handler.body):
            raise UnfairError("the `except` decides by a value that is tested later")
        kept = [file.source.of(statement) for statement in handler.body if _is_logging(statement)]
        for body in [["pass"], kept] if kept else [["pass"]]:
            change = _Change(verification)
            change.draft.mark(file.source.start(handler))
            indentation = file.source.indentation(handler.body[0]) or ""
            text = f"\n{indentation}".join(body)
            change.draft.replace_span(file.source.start(handler.body[0]), file.source.end(handler.body[-1]), text)
            yield change.finished(mutation, "STP103")


def _up_to_function(verification: Verification) -> Iterator[ast.AST]:
    for node in verification.file.ancestors(verification.expression):
        if node is verification.function:
            return
        yield node


def _catching(verification: Verification) -> Iterator[ast.ExceptHandler]:
    """The handlers of exceptions in the function that verifies that a failure of the verification can come to."""
    raised = {"SignatureVerificationError", "ValueError"}
    if verification.within is not None:
        for _ in _passing(verification.within, raised):
            pass
    yield from _passing(verification, raised)


def _passing(verification: Verification, raised: set[str]) -> Iterator[ast.ExceptHandler]:
    """The handlers that one of the exceptions comes to, innermost first; ``raised`` keeps what leaves the function."""
    child: ast.AST = verification.expression
    for node in _up_to_function(verification):
        if isinstance(node, ast.Try) and child in node.body:
            new = set()
            for handler in node.handlers:
                caught = _caught_by(handler, raised)
                if caught:
                    yield handler
                    raised -= caught
                    new |= _raised_in(handler, caught)
            raised |= new
        child = node


def _caught_by(handler: ast.ExceptHandler, raised: set[str]) -> set[str]:
    if handler.type is None:
        return set(raised)
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {last_name(each) or "" for each in types}
    if names & _EVERYTHING:
        return set(raised)
    return raised & set().union(*(_CAUGHT.get(name, {name}) for name in names))


def _raised_in(handler: ast.ExceptHandler, caught: set[str]) -> set[str]:
    """The exceptions that a handler raises, or lets through."""
    raised: set[str] = set()
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise):
            value = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            same = value is None or (isinstance(value, ast.Name) and value.id == handler.name)
            raised |= caught if same else {last_name(value) or ""} if value is not None else set()
    return raised


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether an ``except`` ends the function: by its last statement, or in each branch of it."""
    last = body[-1]
    if isinstance(last, ast.Return):
        return not isinstance(last.value, ast.Constant | None)
    if isinstance(last, ast.If) and last.orelse:
        return _leaves(last.body) and _leaves(last.orelse)
    return isinstance(last, ast.Raise | ast.Expr) and not _is_logging(last)


def _is_logging(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and last_name(call.func) in _LOGGING


def _leaves_without(verification: Verification) -> bool:
    """Whether nothing tests for a missing event, so that only the ``except`` stands between a forgery and its use."""
    watched = {(verification.function, verification.event_name)}
    for _, function in verification.around:
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Assign) else None
            inner = value.value if isinstance(value, ast.Await) else value
            if isinstance(inner, ast.Call) and last_name(inner.func) == verification.function.name:
                target = node.targets[0] if isinstance(node, ast.Assign) else None
                watched.add((function, target.id if isinstance(target, ast.Name) else None))
    return not any(_is_tested(function, name) for function, name in watched if name)


def _is_tested(function: NamedFunction, name: str) -> bool:
    for node in ast.walk(function):
        test = node.test if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert) else None
        if isinstance(test, ast.UnaryOp):
            test = test.operand
        if isinstance(test, ast.Compare) and isinstance(test.comparators[0], ast.Constant):
            test = test.left if test.comparators[0].value is None else None
        if isinstance(test, ast.Name) and test.id == name:
            return True
    return False


def _parsed_payload(mutation: str, verification: Verification) -> Iterator[Mutant]:
    parsed = _Change(verification).parsed
    replacements = [f"json.dumps({parsed})", parsed]
    accessor = _parsed_accessor(verification)
    if accessor is not None:
        replacements.append(accessor)
    for replacement in replacements:
        change = _Change(verification)
        if replacement != accessor:
            change.use_module("json")
        change.draft.mark(change.source.start(verification.call))
        change.draft.replace(verification.payload, replacement)
        inner = verification.within
        places: list[Expected] = []
        if inner is not None and inner.file is verification.file:
            change.draft.mark(change.source.start(inner.call))
        elif inner is not None:
            places.append(Expected(inner.file, inner.call.lineno))
        yield Mutant(mutation, ("STP105",), verification.file, change.draft.build(), tuple(places))


def _parsed_accessor(verification: Verification) -> str | None:
    """The body decoded by the framework, where the framework is plain."""
    access, file = verification.access, verification.file
    if not isinstance(access, ast.Attribute):
        return None
    request = file.source.of(access.value)
    outer = file.parents[access]
    if access.attr == "body" and isinstance(outer, ast.Call) and isinstance(file.parents[outer], ast.Await):
        return f"await {request}.json()"
    if access.attr == "get_data" or (access.attr == "data" and file.imports("flask")):
        waits = isinstance(outer, ast.Call) and isinstance(file.parents[outer], ast.Await)
        return f"await {request}.get_json()" if waits else f"{request}.get_json()"
    if access.attr == "body" and file.imports("rest_framework") and _is_rest_view(verification):
        return f"{request}.data"
    if access.attr == "body" and file.imports("django"):
        return f"{request}.POST"
    return None


def _is_rest_view(verification: Verification) -> bool:
    owner = verification.file.parents[verification.function]
    bases = owner.bases if isinstance(owner, ast.ClassDef) else []
    named = [*verification.function.decorator_list, *bases]
    text = " ".join(verification.file.source.of(node) for node in named)
    return "api_view" in text or "APIView" in text or "ViewSet" in text


def _parsed_first(mutation: str, verification: Verification) -> Iterator[Mutant]:
    change = _Change(verification)
    access = verification.access
    if isinstance(access, ast.Attribute) and access.attr in {"stream", "input_stream", "rfile", "file"}:
        raise UnfairError("the body is a stream, which can be read once")
    change.use_module("json")
    indentation = change.indentation()
    start = change.source.start(verification.statement)
    change.draft.insert(start, f"{MARK}parsed_body = {change.parsed}\n{indentation}")
    yield change.finished(mutation, "STP104")


_MUTATIONS: Final = {
    "verification removed": _removed,
    "verification behind the use": _moved,
    "verification behind a flag": _flagged,
    "except falls through": _swallowed,
    "payload parsed": _parsed_payload,
    "parsed before": _parsed_first,
}
