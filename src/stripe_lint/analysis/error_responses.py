"""What the error-text rule reads: the responses that carry text of what a Stripe call raised."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    caught_errors,
    error_handlers,
    error_paths,
    exceptions,
    names,
    syntax,
)
from stripe_lint.analysis.frameworks import is_response_call
from stripe_lint.analysis.references import External
from stripe_lint.analysis.scopes import NamedFunction
from stripe_lint.analysis.state import Place
from stripe_lint.analysis.values import Mark, Tag, deep_tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.facts import ResponseFact
    from stripe_lint.analysis.module import Module


_CARD: Final = "CardError"

_SHOWABLE: Final = frozenset({"user_message", "error.message", "json_body.error.message", "message"})


class Leak(NamedTuple):
    """A response that carries exception text: where it is sent, where the exception was caught, and what of it.

    Where a file sends it that is never checked, ``sent_at`` is there, and ``place`` is what hands it over to that file.
    """

    place: Place
    caught: Place
    detail: str
    whole_exception: bool
    card_error: bool
    only_user_message: bool
    fixed_text: bool
    sent_at: Place | None = None


def leaks(module: Module) -> Iterator[Leak]:
    """The responses in ``module`` that carry text of an exception caught around Stripe, here or in what it calls."""
    found: dict[ast.AST, Leak] = {}
    for leak in _all_leaks(module):
        known = found.get(leak.place.node)
        if known is None or _order(leak) > _order(known):
            found[leak.place.node] = leak
    yield from sorted(found.values(), key=lambda leak: leak.place.line)


def leaks_at(module: Module, node: ast.AST) -> list[Leak]:
    """All that the response at ``node`` carries: one for each place where an exception was caught."""
    found: dict[ast.AST, Leak] = {}
    for leak in _all_leaks(module):
        if leak.place.node is node:
            known = found.get(leak.caught.node)
            if known is None or _order(leak) > _order(known):
                found[leak.caught.node] = leak
    return sorted(found.values(), key=lambda leak: leak.caught.line)


def _all_leaks(module: Module) -> Iterator[Leak]:
    for fact in error_paths.responses(module):
        if fact.place.module.path != module.path or _is_kept_unread(fact.place):
            continue
        for tag in deep_tagged(fact.value, Mark.TEXT, Mark.EXCEPTION):
            leak = _leak(fact, tag)
            if leak is not None:
                yield leak
    for fact in error_paths.responses_elsewhere(module):
        for tag in deep_tagged(fact.value, Mark.TEXT, Mark.EXCEPTION):
            leak = _leak(fact, tag)
            if leak is not None and leak.caught.module.path == module.path:
                yield leak._replace(place=_handed_over(leak.caught), sent_at=fact.place, whole_exception=False)


def _is_kept_unread(place: Place) -> bool:
    """Whether a response is only kept in an attribute that nothing in the project reads."""
    module, statement = place.module, place.node
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
        return False
    if not is_response_call(names.dotted_path(module, statement.value.func)):
        return False
    targets = [target.attr for target in statement.targets if isinstance(target, ast.Attribute)]
    return len(targets) == len(statement.targets) and not any(_is_read(module, name) for name in targets)


def _is_read(module: Module, name: str) -> bool:
    """Whether an attribute of this name is read somewhere, or that can't be told.

    Not read is what is only tested for truth; what is called, or of a package, is another thing of that name.
    """
    paths = module.project.files_that_mention(name, module.path)
    if paths is None:
        return True
    for path in paths:
        source = module.project.module_at(path)
        for node in source.of_kind(ast.Attribute) if source is not None else ():
            if source is not None and node.attr == name and isinstance(node.ctx, ast.Load):
                parent = source.parents[node]
                is_called = isinstance(parent, ast.Call) and parent.func is node
                is_tested = isinstance(parent, ast.If | ast.While | ast.Assert) and parent.test is node
                if not is_called and not is_tested and not isinstance(names.resolve(source, node), External):
                    return True
    return False


def _order(leak: Leak) -> tuple[int, str, int, str]:
    """What makes one of several leaks the one that is told, whatever order they are found in."""
    return _weight(leak), str(leak.caught.module.path), -leak.caught.line, leak.detail


def _weight(leak: Leak) -> int:
    return 0 if leak.only_user_message or leak.card_error or leak.fixed_text else 1


def _leak(fact: ResponseFact, tag: Tag) -> Leak | None:
    if tag.module is None or tag.node is None:
        return None
    if not isinstance(tag.node, ast.ExceptHandler):
        if not isinstance(tag.node, NamedFunction):
            return None
        kinds = error_handlers.classes_of(tag.module, tag.node)
        fixed_text = False
    else:
        if not caught_errors.is_relevant(tag.module, tag.node):
            return None
        kinds = caught_errors.caught_names(tag.module, tag.node)
        fixed_text = caught_errors.has_constant_text(tag.module, tag.node)
    card = kinds == {_CARD}
    if (card and tag.detail in _SHOWABLE) or (tag.detail == "user_message" and kinds & exceptions.CATCHING_ALL):
        return None
    whole = tag.mark is Mark.EXCEPTION
    return Leak(
        fact.place,
        Place(tag.module, tag.node),
        tag.detail,
        whole_exception=whole and fact.returned and _returned_bare(fact.place),
        card_error=card and (whole or tag.detail == "str" or tag.detail.startswith("args")),
        only_user_message=tag.detail == "user_message",
        fixed_text=fixed_text,
    )


def _returned_bare(place: Place) -> bool:
    statement = place.node
    return isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name)


def _handed_over(caught: Place) -> Place:
    """The statement by which the text of a caught exception leaves its function; else the ``except``."""
    leaving = [node for node in syntax.own_nodes(caught.node) if isinstance(node, ast.Raise | ast.Return)]
    return Place(caught.module, min(leaving, key=lambda node: node.lineno, default=caught.node))
