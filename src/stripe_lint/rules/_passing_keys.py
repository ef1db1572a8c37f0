"""Passes an idempotency key to a request, in whatever way its call takes one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import forwarded_keywords, functions, syntax, written_arguments
from stripe_lint.analysis.evaluation_order import REPEATING
from stripe_lint.analysis.keys import KEY
from stripe_lint.analysis.runners import Keywords, keywords_of
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.fixing.edit import Edit


def require_place_for_key(module: Module, request: Request, edit: Edit) -> None:
    """Decline where the call can't take a key."""
    node = request.node
    if request.call.reference is not None:
        runner = _runner(request)
        if keywords_of(runner) is not Keywords.DICT and not _reaches(module, request):
            edit.decline(f"{runner} may pass no keyword on; use functools.partial with an idempotency_key")
        if request.method.style == "service":
            edit.decline("the options of a service that is handed on are positional; pass them with the key")
        if runner == "partial" and not _is_called_once(module, node):
            edit.decline("the partial is called several times; pass a key to each of these calls")
    if request.method.style == "service" and any(isinstance(argument, ast.Starred) for argument in node.args):
        edit.decline("the options may be among the unpacked arguments")


def _reaches(module: Module, request: Request) -> bool:
    reference = request.call.reference
    return reference is not None and forwarded_keywords.reaches(module, request.node, reference, KEY)


def _runner(request: Request) -> str:
    function = request.node.func
    if isinstance(function, ast.Call):
        function = function.func
    return functions.last_name(function) or "the call"


def _is_called_once(module: Module, node: ast.Call) -> bool:
    """Whether one call is made of the ``partial`` that ``node`` makes."""
    statement = module.parents.get(node)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        function = module.enclosing_function(node)
        root = function if function is not None else module.tree
        uses = [
            inner
            for inner in syntax.descendants(root)
            if isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Load)
        ]
        around = set(module.ancestors(node))
        return len(uses) == 1 and not any(
            isinstance(each, REPEATING) and each not in around for each in module.ancestors(uses[0])
        )
    return True


def pass_key(request: Request, edit: Edit, source: str) -> None:
    """Pass the expression ``source`` as the request's key."""
    node = request.node
    if request.call.reference is not None:
        if keywords_of(_runner(request)) is Keywords.DICT:
            _into_dict_keyword(node, "kwargs", edit, source)
        else:
            edit.set_keyword(node, KEY, source)
    elif request.method.style == "service":
        _into_options(request, edit, source)
    else:
        edit.set_keyword(node, KEY, source)


def replace_key(request: Request, edit: Edit, source: str) -> None:
    """Pass the expression ``source`` as the key in place of the one that the request is sent with."""
    node = request.node
    if request.key_argument is not None:
        edit.replace(request.key_argument, source)
    elif request.call.reference is not None:
        edit.decline("the key is among arguments that are handed on")
    elif request.method.style == "service":
        _into_options(request, edit, source)
    else:
        unpacked = [keyword.value for keyword in node.keywords if keyword.arg is None]
        if len(unpacked) != 1:
            edit.decline("the key is in one of several dicts that are unpacked")
        if isinstance(unpacked[0], ast.Call):
            edit.replace(unpacked[0], f'{{**{edit.source_of(unpacked[0])}, "{KEY}": {source}}}')
        else:
            _into_dict(unpacked[0], edit, source)


def carrier(request: Request) -> ast.expr | None:
    """The dict, a variable or what a call gives, in which the key of a request travels."""
    if request.key_argument is not None or request.call.reference is not None:
        return None
    node = request.node
    if request.method.style == "service":
        return written_arguments.service_argument(request.call, request.method.options_index, "options")
    unpacked = [keyword.value for keyword in node.keywords if keyword.arg is None]
    return unpacked[0] if len(unpacked) == 1 else None


def drop_unread(module: Module, node: ast.expr | None, edit: Edit) -> None:
    """Take away the assignment of a local variable that only ``node``, which is replaced, has read."""
    function = module.enclosing_function(node) if node is not None else None
    if not isinstance(node, ast.Name) or not isinstance(function, NamedFunction):
        return
    bindings = module.scopes[function].bindings.get(node.id, [])
    uses = [inner for inner in syntax.descendants(function) if isinstance(inner, ast.Name) and inner.id == node.id]
    if len(bindings) != 1 or len(uses) != 2 or not isinstance(bindings[0].node, ast.Assign):
        return
    statement = bindings[0].node
    if not any("#" in line for line in module.lines_of(statement)):
        edit.remove_statement(statement)


def _into_dict_keyword(node: ast.Call, name: str, edit: Edit, source: str) -> None:
    held = next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    if held is None:
        edit.set_keyword(node, name, f'{{"{KEY}": {source}}}')
    else:
        _into_dict(held, edit, source)


def _into_options(request: Request, edit: Edit, source: str) -> None:
    node, index = request.node, request.method.options_index
    if index is None:
        edit.decline("this service takes no options")
    held = written_arguments.service_argument(request.call, index, "options")
    unpacked = next((keyword for keyword in node.keywords if keyword.arg is None), None)
    if held is not None:
        _into_dict(held, edit, source)
    elif unpacked is not None and _may_hold_options(request, unpacked.value):
        _into_unpacked_options(node, unpacked.value, edit, source)
    elif len(node.args) == index and not node.keywords:
        edit.add_argument(node, f'{{"{KEY}": {source}}}')
    else:
        edit.set_keyword(node, "options", f'{{"{KEY}": {source}}}')


def _may_hold_options(request: Request, held: ast.expr) -> bool:
    """Whether what a call unpacks may bring options: the code around speaks of them, or another function makes it."""
    module = request.module
    found = module.scope_of(held).lookup(held.id) if isinstance(held, ast.Name) else None
    values = [binding.value for binding in found[1]] if found is not None else [None]
    if any(value is None or (isinstance(value, ast.Call) and not _makes_dict(value)) for value in values):
        return True
    around = [each for each in module.ancestors(request.node) if isinstance(each, ast.stmt)]
    return any(
        (isinstance(inner, ast.Constant) and inner.value == "options")
        or (isinstance(inner, ast.keyword) and inner.arg == "options")
        for inner in syntax.descendants(around[-1])
    )


def _into_unpacked_options(node: ast.Call, held: ast.expr, edit: Edit, source: str) -> None:
    """Add the key to the options among what ``**held`` brings, where nothing else is unpacked."""
    if sum(keyword.arg is None for keyword in node.keywords) > 1 or not isinstance(held, ast.Name | ast.Attribute):
        edit.decline("the options may be among the unpacked arguments")
    name = edit.source_of(held)
    options = f'{{**({name}.get("options") or {{}}), "{KEY}": {source}}}'
    edit.replace(held, f'{{**{name}, "options": {options}}}')


def _makes_dict(call: ast.Call) -> bool:
    return functions.last_name(call.func) in {"dict", "RequestOptions"}


def _into_dict(held: ast.expr, edit: Edit, source: str) -> None:
    """Add the key to the dict that ``held`` is, in place where it is written out."""
    if isinstance(held, ast.Dict):
        edit.set_entry(held, KEY, source)
    elif isinstance(held, ast.Call) and _makes_dict(held):
        edit.set_keyword(held, KEY, source)
    elif syntax.is_none(held):
        edit.replace(held, f'{{"{KEY}": {source}}}')
    elif isinstance(held, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        edit.replace(held, f'{{**{edit.source_of(held)}, "{KEY}": {source}}}')
    else:
        edit.decline("the options are made in a way that no key can be added to")
