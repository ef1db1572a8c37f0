"""At which addresses a handler is served, where the project told the addresses of its webhooks."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction

_ROUTING_CALLS: Final = frozenset(
    {"path", "re_path", "url", "add_url_rule", "add_route", "add_api_route", "add_view", "add_post", "Route", "post"}
    | {"route", "add_handler", "register"}
)


def is_told_webhook(module: Module, function: NamedFunction) -> bool:
    """Whether ``function`` is served at one of the addresses that the configuration names."""
    told = module.project.conventions.webhook_paths
    return bool(told) and any(
        fnmatchcase(route.strip("/"), pattern.strip("/")) for route in _routes(module, function) for pattern in told
    )


def _routes(module: Module, function: NamedFunction) -> Iterator[str]:
    """The texts that stand where a route does: in the decorators, and beside the view in what registers it."""
    owner = module.enclosing_class(function)
    for decorator in [*function.decorator_list, *(owner.decorator_list if owner is not None else ())]:
        yield from _texts(decorator)
    name = owner.name if owner is not None else function.name
    for path in module.project.files_that_mention(name, module.path) or ():
        source = module.project.module_at(path)
        for call in (call for word in _ROUTING_CALLS for call in (source.calls.get(word, ()) if source else ())):
            if any(_is_named(node, name) for argument in call.args for node in syntax.descendants(argument)):
                for argument in call.args[:2]:
                    yield from _texts(argument)


def _is_named(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _texts(node: ast.AST) -> Iterator[str]:
    for inner in syntax.descendants(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
