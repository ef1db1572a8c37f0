"""Where the secret of a webhook endpoint comes from: what the file or its project calls so, read as there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import (
    assignments,
    configuration_reads,
    functions,
    handlers,
    handovers,
    names,
    sdk_verifications,
    secret_defaults,
    syntax,
    webhook_functions,
)
from stripe_lint.analysis.references import External, ModuleReference, OfClass
from stripe_lint.errors import Declined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import NamedFunction, Scope
    from stripe_lint.fixing.edit import Edit

_NAME: Final = (
    r"(?i)(^|_)((web_?)?hooks?|wh|endpoint|signing|whsec)_?([a-z]+_)*(secret|key)s?$"
    r"|secret_?(web_?hook|endpoint)|(^|_)whsec"
)
_ENVIRONMENT: Final = configuration_reads.ENVIRONMENT_FUNCTIONS | {configuration_reads.ENVIRONMENT}

ONE_EACH = "each endpoint has its own secret, and the one of this endpoint can't be told here"

SET_IT = "set the secret of each endpoint (whsec_...) before the change is deployed: without it every event fails"


def secret_in_file(
    module: Module, function: NamedFunction, before: ast.stmt, edit: Edit, *, instead_of: ast.Call | None = None
) -> str | None:
    """The expression for the endpoint's secret that the file has already. Declines where it has more than one.

    ``instead_of`` is a verification whose own secret does not count.
    """
    used = _used_elsewhere(module, instead_of)
    found = [written for written, text in _in_file(module, function, before, edit).items() if text not in used]
    if len(found) > 1:
        edit.decline(ONE_EACH)
    return found[0] if found else None


def webhook_secret(
    module: Module, function: NamedFunction, before: ast.stmt, edit: Edit, *, instead_of: ast.Call | None = None
) -> str:
    """The expression for the endpoint's secret at ``before``. Declines where it is not clear."""
    in_file = secret_in_file(module, function, before, edit, instead_of=instead_of)
    if in_file is not None:
        return in_file
    if _used_elsewhere(module, instead_of):
        edit.decline(ONE_EACH)
    known = _in_project(module, function, edit)
    if known is not None:
        return known
    if _reads_environment(module):
        edit.note(SET_IT)
        return f'{edit.name_of(configuration_reads.ENVIRONMENT, before)}["{secret_defaults.USUAL_NAMES[0]}"]'
    raise Declined("no secret for the webhook is known in this project, and this file reads no environment")


def _used_elsewhere(module: Module, instead_of: ast.Call | None) -> set[str]:
    """The secrets that other verifications of the file use, or that the file hands to those of other files, as ``ast``
    writes them."""
    found = set()
    for source in _verifying_modules(module):
        for verification in sdk_verifications.sdk_verifications(source):
            if verification.secret is None or verification.node is instead_of:
                continue
            secrets = [(source, verification.secret)]
            secrets += [(each.module, each.argument) for each in handovers.handovers(source, verification.secret)]
            for place, secret in secrets:
                if place is module:
                    found |= {ast.unparse(secret), ast.unparse(assignments.assigned_expression(module, secret)[1])}
    return found


def _verifying_modules(module: Module) -> Iterator[Module]:
    """The file itself, and what else of the project names a verification of the SDK."""
    yield module
    paths = {path for name in sdk_verifications.PARAMETERS for path in module.project.files_that_mention(name) or ()}
    for path in sorted(paths - {module.path}):
        source = module.project.module_at(path)
        if source is not None:
            yield source


def _in_file(module: Module, function: NamedFunction, before: ast.stmt, edit: Edit) -> dict[str, str]:
    """The names and expressions of the file that say by their name that they are such a secret: as they are written
    there, and as ``ast`` writes them."""
    found: dict[str, str] = {}
    covered: set[str] = set()
    for scope in _scopes_around(module.scopes[function]):
        for name, bindings in scope.bindings.items():
            binding = bindings[0]
            if not re.search(_NAME, name) or len(bindings) != 1 or isinstance(binding.node, ast.FunctionDef):
                continue
            if scope is not module.scope and getattr(module.statement_of(binding.node), "lineno", 0) >= before.lineno:
                continue
            found[name] = name
            if binding.value is not None:
                covered |= {
                    ast.unparse(each)
                    for each in (binding.value, *syntax.descendants(binding.value))
                    if isinstance(each, ast.expr)
                }
    for node in syntax.descendants(module.tree):
        if isinstance(node, ast.expr) and _is_setting(module, node):
            text = ast.unparse(node)
            if text not in covered and edit.source_of(node) not in found:
                found[edit.source_of(node)] = text
    return found


def _scopes_around(scope: Scope) -> Iterator[Scope]:
    """The scope of a function, and those around it whose names the function sees."""
    around: Scope | None = scope
    while around is not None:
        if not around.is_class:
            yield around
        around = around.parent


def _is_setting(module: Module, node: ast.expr) -> bool:
    """Whether ``node`` reads a setting whose name says that it is such a secret."""
    if isinstance(node, ast.Attribute):
        return bool(re.search(_NAME, node.attr)) and isinstance(node.value, ast.Name) and node.value.id != "self"
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript) and functions.last_name(node.value) in configuration_reads.MAPPINGS:
        key = node.slice
    elif isinstance(node, ast.Call) and node.args and _reads_setting(module, node.func):
        key = node.args[0]
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and bool(re.search(_NAME, key.value))


def _reads_setting(module: Module, called: ast.expr) -> bool:
    if names.dotted_path(module, called) in configuration_reads.FUNCTIONS:
        return True
    if not isinstance(called, ast.Attribute) or called.attr != "get":
        return False
    return functions.last_name(called.value) in configuration_reads.MAPPINGS


def _in_project(module: Module, function: NamedFunction, edit: Edit) -> str | None:
    """How this file reads a secret that another file of the project defines."""
    for name in secret_defaults.USUAL_NAMES:
        paths = module.project.files_that_mention(name) or ()
        sources = [source for path in paths if (source := module.project.module_at(path)) not in (None, module)]
        if not sources:
            continue
        written = _imported_holder(module, name)
        if written is not None:
            return written
        defining = [source for source in sources if source is not None and name in source.scope.bindings]
        django = any(each.name == "django" or "django" in each.builds_on for each in handlers.frameworks(module))
        if django and any("settings" in source.path.parts or "settings" in source.path.name for source in defining):
            return f"{edit.imported('django.conf.settings', function.body[0])}.{name}"
        if any(_reads_from_environment(source, name) for source in sources if source is not None) and not defining:
            edit.note(SET_IT)
            return f'{edit.name_of(configuration_reads.ENVIRONMENT, function.body[0])}["{name}"]'
    return None


def _imported_holder(module: Module, name: str) -> str | None:
    """``settings.stripe_webhook_secret`` where ``settings`` is imported or made here, and has such an attribute."""
    for local in module.scope.bindings:
        reference = names.resolve_name(module, local, module.scope)
        if isinstance(reference, ModuleReference) and name in reference.module.scope.bindings:
            return f"{local}.{name}"
        if isinstance(reference, OfClass):
            for source, node in names.linearized(reference):
                scope = source.scopes.get(node)
                if scope is not None and name in scope.bindings:
                    return f"{local}.{name}"
    return None


def _reads_from_environment(source: Module, name: str) -> bool:
    return any(
        isinstance(node, ast.Constant)
        and node.value == name
        and re.search(configuration_reads.ENVIRONMENT_READ, ast.unparse(source.parents[node])) is not None
        for node in syntax.descendants(source.tree)
    )


def _reads_environment(module: Module) -> bool:
    """Whether the file reads settings from the environment."""
    for node in syntax.descendants(module.tree):
        if isinstance(node, ast.Attribute) and re.fullmatch(configuration_reads.ENVIRONMENT_READ, node.attr):
            reference = names.resolve(module, node)
            if isinstance(reference, External) and reference.path in _ENVIRONMENT:
                return True
    return False


def existing_signature(function: NamedFunction, before: ast.stmt) -> str | None:
    """A name that holds the signature header at ``before``."""

    def speaks(node: ast.AST) -> bool:
        return any(
            isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and webhook_functions.names_signature_header(each.value)
            for each in (node, *syntax.descendants(node))
        )

    for parameter in functions.parameters(function):
        default = functions.default_of(function, parameter)
        parts = [part for part in (parameter.annotation, default) if part is not None]
        if webhook_functions.names_signature_header(parameter.arg) or any(map(speaks, parts)):
            return parameter.arg
    for statement in function.body:
        pending: list[ast.stmt] = [
            statement,
            *(each for each in getattr(statement, "body", ()) if isinstance(statement, ast.Try)),
        ]
        for each in pending:
            if (
                each.lineno < before.lineno
                and isinstance(each, ast.Assign)
                and isinstance(each.targets[0], ast.Name)
                and speaks(each.value)
                and isinstance(each.value, ast.Call | ast.Subscript | ast.BoolOp | ast.Await)
            ):
                return each.targets[0].id
    return None
