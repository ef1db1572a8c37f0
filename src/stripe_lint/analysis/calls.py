"""A call with its arguments evaluated: which callee it reaches, and which argument goes to which parameter."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, runners, static_values
from stripe_lint.analysis.references import External, FunctionReference, PartialReference, Reference
from stripe_lint.analysis.values import UNKNOWN, Value, entries

if TYPE_CHECKING:
    from stripe_lint.analysis.evaluation import Evaluation

_THREAD_HOPS: Final = runners.paths_of(runners.Kind.WAITED_FOR)
ADAPTER_PATHS: Final = runners.paths_of(runners.Kind.ADAPTED)
"""Functions that give what they are given, to be called in another way."""


class Call(NamedTuple):
    """A call with its callee and arguments evaluated.

    ``open`` tells that there are more arguments than can be seen. ``receiver`` is the object whose method is called.
    """

    node: ast.Call
    name: str
    reference: Reference | None
    receiver: Value
    positional: list[Value]
    keywords: dict[str, Value]
    open: bool
    expressions: dict[str, ast.expr]

    def argument(self, position: int, *spellings: str) -> Value | None:
        """The argument at ``position`` or under one of the names."""
        if position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in spellings if name in self.keywords), None)

    def expression(self, position: int, *spellings: str) -> ast.expr | None:
        """The syntax of that argument."""
        arguments = self.node.args
        if not any(isinstance(argument, ast.Starred) for argument in arguments[: position + 1]):
            # a call in a thread has the callee before its arguments, a ``partial`` has some of them elsewhere
            position += 0 if self.open else len(arguments) - len(self.positional)
            if 0 <= position < len(arguments):
                return arguments[position]
        return next((self.expressions[name] for name in spellings if name in self.expressions), None)

    @property
    def values(self) -> list[Value]:
        """All arguments."""
        return [*self.positional, *self.keywords.values()]

    @property
    def path(self) -> str | None:
        """The dotted path of a callee outside the project."""
        return self.reference.path if isinstance(self.reference, External) else None


def prepared(evaluation: Evaluation, node: ast.Call) -> Call:
    """Evaluate the callee and the arguments of a call."""
    receiver = UNKNOWN
    if isinstance(node.func, ast.Attribute):
        receiver = evaluation.evaluate(node.func.value)
        name = node.func.attr
        reference = names.attribute(receiver.reference, name) if receiver.reference is not None else None
        if reference is None:
            reference = names.resolve(evaluation.module, node.func)
    else:
        receiver = evaluation.evaluate(node.func)
        name = functions.last_name(node.func) or ""
        reference = receiver.reference or names.resolve(evaluation.module, node.func)
    positional: list[Value] = []
    is_open = False
    for argument in node.args:
        value = evaluation.evaluate(argument)
        if isinstance(argument, ast.Starred):
            if value.fields is not None and value.complete:
                positional.extend(item for _, item in value.fields)
            else:
                is_open = True
                positional.append(value)
        else:
            positional.append(value)
    keywords: dict[str, Value] = {}
    expressions: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        value = evaluation.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            expressions[keyword.arg] = keyword.value
            continue
        keywords.update(value.fields or ())
        is_open = is_open or value.fields is None or not value.complete
    return Call(node, name, reference, receiver, positional, keywords, is_open, expressions)


def hopped(evaluation: Evaluation, call: Call) -> Call:
    """The call that really happens where this one only runs it in a thread, adapts it or adds arguments to it."""
    if isinstance(call.reference, PartialReference):
        return _unwrapped_partial(evaluation, call, call.reference)
    if call.path in _THREAD_HOPS or call.name == runners.EXECUTOR:
        skipped = 1 if call.name == runners.EXECUTOR else 0
        if len(call.positional) > skipped:
            target = call.positional[skipped]
            rest = call.positional[skipped + 1 :]
            return call._replace(reference=target.reference, positional=rest, name=_name_of(target.reference))
    inner = call.node.func
    if isinstance(inner, ast.Call) and inner.args and names.dotted_path(evaluation.module, inner.func) in ADAPTER_PATHS:
        target = evaluation.evaluate(inner.args[0])
        return call._replace(reference=target.reference, name=_name_of(target.reference))
    return call


def _unwrapped_partial(evaluation: Evaluation, call: Call, partial: PartialReference) -> Call:
    """The call that calling a ``partial`` object makes."""
    if partial.module is evaluation.module:
        inner = prepared(evaluation, partial.call)
        first, named, is_open = inner.positional[1:], inner.keywords, inner.open
    else:
        first = [UNKNOWN] * (len(partial.call.args) - 1)
        named = {keyword.arg: UNKNOWN for keyword in partial.call.keywords if keyword.arg is not None}
        is_open = len(named) < len(partial.call.keywords)
    return call._replace(
        reference=partial.function,
        name=_name_of(partial.function),
        positional=[*first, *call.positional],
        keywords={**named, **call.keywords},
        open=call.open or is_open,
    )


def bound_arguments(call: Call, reference: FunctionReference) -> dict[str, Value]:
    """The parameters of the callee with the values that this call gives them."""
    node = reference.node
    positional = functions.positional_parameters(node)
    bound: dict[str, Value] = {}
    if (
        reference.receiver is not None
        and positional
        and not isinstance(node, ast.Lambda)
        and not functions.has_decorator(node, "staticmethod")
    ):
        is_same = call.receiver.fields is not None and call.receiver.reference == reference.receiver
        bound[positional[0].arg] = call.receiver if is_same else Value(reference=reference.receiver)
        positional = positional[1:]
    for parameter, value in zip(positional, call.positional, strict=False):
        bound[parameter.arg] = value
    known = {parameter.arg for parameter in functions.parameters(node)}
    extra: dict[str, Value] = {}
    for name, value in call.keywords.items():
        (bound if name in known else extra)[name] = value
    for parameter in functions.parameters(node):
        if parameter.arg not in bound and not call.open:
            default = functions.default_of(node, parameter)
            if default is not None:
                bound[parameter.arg] = static_values.of_default(reference.module, default)
    if node.args.kwarg is not None:
        bound[node.args.kwarg.arg] = entries(extra, complete=not call.open)
    if node.args.vararg is not None:
        rest = call.positional[len(positional) :]
        bound[node.args.vararg.arg] = entries(
            {str(index): value for index, value in enumerate(rest)}, complete=not call.open
        )
    return {name: value for name, value in bound.items() if value != UNKNOWN}


def _name_of(reference: Reference | None) -> str:
    if isinstance(reference, FunctionReference) and not isinstance(reference.node, ast.Lambda):
        return reference.node.name
    path = getattr(reference, "path", "")
    return str(path).rpartition(".")[2]
