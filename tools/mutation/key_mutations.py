"""The ways in which a keyed call is broken, and the rule that has to notice each.

STP201 and STP203 are expected at the call; STP204 and STP205 anywhere in its function, since the rules leave open
which of several calls is named.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from mutation.model import Mutant, UnfairError
from mutation.text import LEVEL, MARK, Draft, ensure_import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mutation.keyed_calls import KeyedCall

CODES: Final = ("STP201", "STP203", "STP204", "STP205")

_FRESH: Final = "str(uuid.uuid4())"
_ITEM: Final = '{"item": item}'
_DECORATORS: Final = {
    "tenacity": "@tenacity.retry(stop=tenacity.stop_after_attempt(3))",
    "backoff": "@backoff.on_exception(backoff.expo, Exception, max_tries=3)",
}

Edit = tuple[int, int, str]


def mutations(keyed: KeyedCall) -> Iterator[tuple[str, Callable[[], Iterator[Mutant]]]]:
    """Each mutation by name, to be tried on its own; trying raises ``UnfairError`` where it says nothing."""
    for name, mutate in _MUTATIONS.items():
        yield name, lambda name=name, mutate=mutate: mutate(name, keyed)  # type: ignore[misc]


class _Change:
    """A draft of one file in which one keyed call is written anew."""

    def __init__(self, keyed: KeyedCall, *modules: str) -> None:
        self.keyed = keyed
        self.source = keyed.file.source
        self.draft = Draft(self.source)
        for name in modules:
            if not ensure_import(self.draft, keyed.file.tree, name):
                raise UnfairError(f"`{name}` is bound to something else, or inside a function")

    def with_key(self, key: str) -> Edit:
        """The edit that puts another key in the call."""
        return self.source.start(self.keyed.key), self.source.end(self.keyed.key), key

    def without_key(self) -> Edit:
        """The edit that takes the key out of the call."""
        options, key = self.keyed.options, self.keyed.key
        spans: list[tuple[int, int]] = []
        own = 0
        if options is not None:
            for name, value in zip(options.keys, options.values, strict=True):
                own = len(spans) if value is key else own
                spans.append((self.source.start(name or value), self.source.end(value)))
        else:
            spans = [(self.source.start(value), self.source.end(value)) for value in self.keyed.call.args]
            for keyword in self.keyed.call.keywords:
                own = len(spans) if keyword.value is key else own
                spans.append((self.source.start(keyword), self.source.end(keyword)))
        start, end = spans[own]
        if own > 0:
            return spans[own - 1][1], end, ""
        return start, spans[1][0] if len(spans) > 1 else end, ""

    def with_metadata(self, text: str) -> Edit:
        """The edit that makes the call's parameters depend on ``text``."""
        call, options = self.keyed.call, self.keyed.options
        for keyword in call.keywords:
            if keyword.arg == "metadata":
                return self.source.start(keyword.value), self.source.end(keyword.value), text
        if options is None:
            own = next(keyword for keyword in call.keywords if keyword.value is self.keyed.key)
            return self.source.start(own), self.source.start(own), f"metadata={text}, "
        parameters = [value for value in (*call.args, *(each.value for each in call.keywords)) if value is not options]
        written = next((value for value in parameters if isinstance(value, ast.Dict)), None)
        if written is None:
            raise UnfairError("the parameters are not written at the call")
        for name, value in zip(written.keys, written.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == "metadata":
                return self.source.start(value), self.source.end(value), text
        start = self.source.start(written) + 1
        return start, start, f'"metadata": {text}' + (", " if written.values else "")

    def call_with(self, *edits: Edit) -> str:
        """The text of the call, awaited as it is, after edits."""
        node = self.keyed.expression
        parts, position = [], self.source.start(node)
        for start, end, new in sorted(edits):
            parts += [self.source.data[position:start].decode(), new]
            position = end
        return "".join([*parts, self.source.data[position : self.source.end(node)].decode()])

    def indentation(self) -> str:
        """The white space before the statement that calls, which must be a simple one that runs the call once."""
        statement = self.keyed.statement
        if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return):
            raise UnfairError("the call stands in the head of a compound statement")
        for node in self.keyed.file.ancestors(self.keyed.call):
            if node is statement:
                break
            if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
                raise UnfairError("the call stands in a lambda or a comprehension")
        before = self.source.indentation(statement)
        if before is None:
            raise UnfairError("the statement shares its line with another one")
        return before

    def finished(self, mutation: str, code: str) -> Mutant:
        """The mutant, with the finding expected where the mark stands."""
        return Mutant(mutation, (code,), self.keyed.file, self.draft.build())


def _constant(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    change = _Change(keyed)
    change.draft.replace(keyed.expression, MARK + change.call_with(change.with_key('"payment-key"')))
    yield change.finished(mutation, "STP203")


def _removed(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    if not keyed.is_critical:
        raise UnfairError("the call is not critical")
    if any(keyword.arg is None for keyword in keyed.call.keywords):
        raise UnfairError("more may be in the arguments than can be seen")
    change = _Change(keyed)
    change.draft.replace(keyed.expression, MARK + change.call_with(change.without_key()))
    yield change.finished(mutation, "STP201")


def _above_loop(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    loop = _item_loop(keyed)
    change = _Change(keyed, "uuid")
    if loop is not None:
        if _ends_loop(keyed):
            raise UnfairError("the loop ends with the request")
        indentation = change.source.indentation_of_block(loop)
        change.draft.insert(change.source.start(loop), f"batch_key = {_FRESH}\n{indentation}")
        change.draft.replace(keyed.expression, MARK + change.call_with(change.with_key("batch_key")))
        yield change.finished(mutation, "STP204")
        return
    indentation = change.indentation()
    start, end = change.source.start(keyed.statement), change.source.end(keyed.statement)
    change.draft.insert(start, f"batch_key = {_FRESH}\n{indentation}for item in items:\n{indentation}{LEVEL}")
    new = change.call_with(change.with_key("batch_key"), change.with_metadata(_ITEM))
    if isinstance(keyed.statement, ast.Return):
        change.draft.replace_span(start, start + len("return"), "outcome =")
        change.draft.insert(end, f"\n{indentation}return outcome")
    change.draft.replace(keyed.expression, MARK + new)
    yield change.finished(mutation, "STP204")


def _ends_loop(keyed: KeyedCall) -> bool:
    """Whether the call's own block leaves the loop."""
    block = keyed.file.parents[keyed.statement]
    blocks = [getattr(block, name, []) for name in ("body", "orelse", "finalbody")]
    last = next((each[-1] for each in blocks if keyed.statement in each), keyed.statement)
    return isinstance(keyed.statement, ast.Return) or isinstance(last, ast.Return | ast.Break | ast.Raise)


def _item_loop(keyed: KeyedCall) -> ast.For | ast.AsyncFor | None:
    """The innermost loop, if it gives the call other arguments each time."""
    for node in keyed.file.ancestors(keyed.call):
        if node is keyed.function or isinstance(node, ast.While):
            return None
        if isinstance(node, ast.For | ast.AsyncFor):
            items = {inner.id for inner in ast.walk(node.target) if isinstance(inner, ast.Name)}
            own = {id(inner) for inner in ast.walk(keyed.key)}
            varies = any(
                isinstance(inner, ast.Name) and inner.id in items and id(inner) not in own
                for inner in ast.walk(keyed.call)
            )
            counted = isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name)
            return node if varies and not (counted and node.iter.func.id == "range") else None  # type: ignore[attr-defined]
    return None


def _shared(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    for second in _second_calls(keyed):
        change = _Change(keyed)
        indentation = change.indentation()
        start, end = change.source.start(keyed.statement), change.source.end(keyed.statement)
        change.draft.insert(start, f"shared_key = {change.source.of(keyed.key)}\n{indentation}")
        if isinstance(keyed.statement, ast.Return):
            change.draft.insert(start, f"{second}\n{indentation}")
            change.draft.replace(keyed.expression, MARK + change.call_with(change.with_key("shared_key")))
        else:
            change.draft.replace(keyed.expression, change.call_with(change.with_key("shared_key")))
            change.draft.insert(end, f"\n{indentation}{MARK}{second}")
        yield change.finished(mutation, "STP204")


def _second_calls(keyed: KeyedCall) -> Iterator[str]:
    """The same operation with other parameters, and another operation."""
    change = _Change(keyed)
    yield change.call_with(change.with_key("shared_key"), change.with_metadata('{"part": "second"}'))
    root = keyed.call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name) and root.id == "stripe" and keyed.method.style == "resource":
        if keyed.method.path.startswith("stripe.Refund."):
            yield 'stripe.Transfer.create(amount=100, currency="eur", idempotency_key=shared_key)'
        else:
            yield 'stripe.Refund.create(payment_intent="pi_other", idempotency_key=shared_key)'


def _in_retry_loop(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    change = _Change(keyed, "uuid")
    indentation = change.indentation()
    inner = f"{indentation}{LEVEL}"
    start, end = change.source.start(keyed.statement), change.source.end(keyed.statement)
    change.draft.insert(start, f"for attempt in range(3):\n{inner}try:\n{inner}{LEVEL}")
    change.draft.replace(keyed.expression, MARK + change.call_with(change.with_key(_FRESH)))
    leaving = "" if isinstance(keyed.statement, ast.Return) else f"\n{inner}{LEVEL}break"
    change.draft.insert(end, f"{leaving}\n{inner}except Exception:\n{inner}{LEVEL}continue")
    yield change.finished(mutation, "STP205")


def _under_retry_decorator(mutation: str, keyed: KeyedCall) -> Iterator[Mutant]:
    function = keyed.function
    if function is None:
        raise UnfairError("the call is in no function")
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function)):
        raise UnfairError("the function is a generator")
    child: ast.AST = keyed.call
    for node in keyed.file.ancestors(keyed.call):
        if node is function:
            break
        if isinstance(node, ast.Try) and child in node.body and not all(_raises(each) for each in node.handlers):
            raise UnfairError("the function keeps the failure from the decorator")
        child = node
    for module, decorator in _DECORATORS.items():
        change = _Change(keyed, "uuid", module)
        indentation = " " * function.col_offset
        change.draft.insert(change.source.offset(function.lineno, function.col_offset), f"{decorator}\n{indentation}")
        change.draft.replace(keyed.expression, MARK + change.call_with(change.with_key(_FRESH)))
        yield change.finished(mutation, "STP205")


def _raises(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise)


_MUTATIONS: Final = {
    "key made constant": _constant,
    "key removed": _removed,
    "key made before the loop": _above_loop,
    "key shared by two calls": _shared,
    "key made inside a retry loop": _in_retry_loop,
    "key made under a retry decorator": _under_retry_decorator,
}
