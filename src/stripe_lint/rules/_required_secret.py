"""Reads a secret without a default, so that the process stops where it is missing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import configuration_reads, definitions, functions, names, secret_defaults
from stripe_lint.analysis.references import ClassReference, ExternalInstance

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.secret_defaults import SecretDefault
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_MISSING: Final = (
    "what is read without a default has to be there wherever the code is imported: on servers, in builds and in tests"
)


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Take out the default of the secret at ``hit``."""
    default = next(
        (each for each in secret_defaults.secret_defaults(module) if module.span(each.node) == hit.span), None
    )
    if default is None:
        edit.decline("the default is not found again")
    node = default.node
    if isinstance(node, ast.Call):
        _of_call(module, node, default, edit)
    elif isinstance(node, ast.BoolOp):
        _of_alternative(module, node, edit)
    elif isinstance(node, ast.AnnAssign):
        _of_field(module, node, default, edit)
    elif isinstance(node, ast.IfExp):
        edit.decline("the condition may say more than that the secret is there: read it alone, where it is needed")
    else:
        edit.decline("code that reads these defaults has to do without: take the secret out, and refuse to start then")
    edit.describe("read without a default")
    edit.note(_MISSING)


def _require_unsafe(edit: Edit) -> None:
    edit.unsafe("where the secret is missing the process stops")


def _of_call(module: Module, call: ast.Call, default: SecretDefault, edit: Edit) -> None:
    strict = _strict_read(module, call, edit)
    if strict is not None:
        _require_unsafe(edit)
        edit.replace(call, strict)
        return
    if not _fails_without_default(module, call):
        spelled = edit.source_of(call.func)
        edit.decline(f"what {spelled} does without a default is not known: refuse to start while the secret is missing")
    _require_unsafe(edit)
    keyword = next((each.arg for each in call.keywords if each.value is default.value), None)
    if keyword is not None:
        edit.remove_keyword(call, keyword)
    else:
        edit.replace(call, _with_arguments(call, default.value, edit))


def _strict_read(module: Module, call: ast.Call, edit: Edit) -> str | None:
    """How to read the same so that an error is raised where it is missing, ``None`` if only the default has to go."""
    path = names.dotted_path(module, call.func) or ""
    if path == "builtins.getattr":
        name = call.args[1]
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier()):
            edit.decline("the setting has no name that can be written as an attribute")
        if not isinstance(call.args[0], ast.Name | ast.Attribute):
            edit.decline("the settings are no plain name: read the attribute of what they are")
        return f"{edit.source_of(call.args[0])}.{name.value}"
    of_flask = path.startswith("flask.") and path.endswith(".config.get")
    if path not in configuration_reads.ENVIRONMENT_FUNCTIONS and not of_flask:
        return None
    key = edit.source_of(call.args[0])
    if isinstance(call.func, ast.Attribute) and call.func.attr == "get":
        return f"{edit.source_of(call.func.value)}[{key}]"
    return f"{edit.name_of(configuration_reads.ENVIRONMENT, call)}[{key}]"


def _fails_without_default(module: Module, call: ast.Call) -> bool:
    path = names.dotted_path(module, call.func)
    if path is not None:
        return path.startswith(configuration_reads.FAILING_READERS)
    reader = names.resolve(module, call.func)
    return isinstance(reader, ExternalInstance) and f"{reader.path}.".startswith(configuration_reads.FAILING_READERS)


def _with_arguments(call: ast.Call, left_out: ast.Constant, edit: Edit) -> str:
    """The call without one argument."""
    arguments = [edit.source_of(each) for each in call.args if each is not left_out]
    arguments += [
        f"{each.arg}={edit.source_of(each.value)}" if each.arg else f"**{edit.source_of(each.value)}"
        for each in call.keywords
        if each.value is not left_out
    ]
    return f"{edit.source_of(call.func)}({', '.join(arguments)})"


def _of_alternative(module: Module, node: ast.BoolOp, edit: Edit) -> None:
    """The last alternative that is no default is what the secret has to be in."""
    *earlier, last = node.values[:-1]
    source = edit.source_of(last)
    if isinstance(last, ast.Call) and len(last.args) == 1 and not last.keywords:
        source = _strict_read(module, last, edit) or source
    _require_unsafe(edit)
    edit.replace(node, " or ".join([*(edit.source_of(each) for each in earlier), source]))


def _of_field(module: Module, field: ast.AnnAssign, default: SecretDefault, edit: Edit) -> None:
    """A field of settings that are read from the environment is required without a default."""
    owner = module.parents[field]
    bases = definitions.external_bases(ClassReference(module, owner)) if isinstance(owner, ast.ClassDef) else []
    if not any(functions.last_name(ast.parse(base, mode="eval").body) == "BaseSettings" for base in bases):
        edit.decline("whoever makes this model has to pass the secret then: take out the default there and here")
    _require_unsafe(edit)
    value = field.value
    if isinstance(value, ast.Call) and functions.last_name(value.func) != "SecretStr":
        if default.value in value.args:
            edit.replace(default.value, "...")
        else:
            edit.remove_keyword(value, "default")
        return
    edit.replace_statement(field, f"{edit.source_of(field.target)}: {edit.source_of(field.annotation)}")
