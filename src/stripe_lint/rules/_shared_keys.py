"""Repairs a request that is sent with another one's key: its own operation, or its item, becomes part of the key."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import definitions, functions, key_choices, keys, keys_handed_on, redelivery, retries
from stripe_lint.analysis.business_ids import item_id
from stripe_lint.analysis.evaluation_order import statement_to_prepare
from stripe_lint.analysis.key_choices import Reuse, Sharing
from stripe_lint.analysis.references import ClassReference
from stripe_lint.analysis.scopes import BindingKind, NamedFunction
from stripe_lint.analysis.values import Mark
from stripe_lint.rules import _key_names, _missing_key, _passing_keys, _retried_keys

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.fixing.edit import Edit
    from stripe_lint.model import Hit

_NEVER_NONE: Final = (ast.JoinedStr, ast.BinOp)


def repair(module: Module, hit: Hit, edit: Edit) -> None:
    """Give the request at ``hit`` a key that no other request has."""
    reuse = next((each for each in key_choices.reused_keys(module) if module.span(each.node) == hit.span), None)
    if reuse is None:
        edit.decline("the call is not found again")
    edit.unsafe("the request would get another key")
    request = reuse.request
    if request is None:
        _hand_over_another(module, reuse, edit)
    elif reuse.sharing is Sharing.EMPTY:
        edit.decline("the parts of this key may all be left out; make one of them required and pass it")
    elif reuse.sharing is Sharing.EARLIER:
        _add_operation(module, request, edit)
    elif reuse.sharing is Sharing.ITEMS:
        _for_each_item(module, request, edit)
    elif not _made_for_each_instance(module, reuse, edit) and not _made_for_each_call(module, reuse, request, edit):
        _give_key(module, request, edit)


def _give_key(module: Module, request: Request, edit: Edit) -> None:
    redelivered = redelivery.redelivery_around(module, request.node) is not None

    def use(key: str) -> None:
        _passing_keys.replace_key(request, edit, key)
        _passing_keys.drop_unread(module, request.key_argument, edit)

    _missing_key.give_key(module, request, edit, use, redelivered=redelivered)


def _add_operation(module: Module, request: Request, edit: Edit) -> None:
    """The second request's key is the first one's with the operation behind it."""
    operation = f"{_key_names.operation_of(request)}{_key_names.ordinal(module, request)}"
    _passing_keys.replace_key(request, edit, _longer(module, _shared(request, edit), operation, edit))
    edit.describe(f"the key ends with {operation}")


def _shared(request: Request, edit: Edit) -> ast.expr | str:
    """The expression for the key that the request is sent with now."""
    if request.key_argument is not None:
        return request.key_argument
    held = _passing_keys.carrier(request)
    if not isinstance(held, ast.Name | ast.Attribute):
        edit.decline("the key is made in a call; give each request a suffix of its own")
    return f"{edit.source_of(held)}['{keys.KEY}']"


def _longer(module: Module, shared: ast.expr | str, end: str, edit: Edit) -> str:
    """The key with ``-end``; what may be ``None``, for which the SDK makes a key, stays so."""
    if isinstance(shared, str):
        return f'f"{{{shared}}}-{end}"'
    source = edit.source_of(shared)
    if (
        isinstance(shared, ast.JoinedStr)
        and source.startswith(('f"', "f'"))
        and not source.startswith(('f"""', "f'''"))
    ):
        return f"{source[:-1]}-{end}{source[-1]}"
    if not isinstance(shared, ast.Name | ast.Attribute):
        edit.decline("give each request a suffix of its own")
    longer = f'f"{{{source}}}-{end}"'
    return longer if _is_never_none(module, shared) else f"{longer} if {source} else None"


def _is_never_none(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Name):
        held = module.attribute_bindings.get(node.attr, []) if isinstance(node, ast.Attribute) else []
        return bool(held) and all(_is_text(binding.value) for _, binding in held)
    bindings = module.bindings_of(node)
    return bool(bindings) and all(
        binding.kind is BindingKind.ASSIGNMENT and _is_text(binding.value) for binding in bindings
    )


def _is_text(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        return functions.last_name(node.func) in {"str", "format", "uuid1", "uuid4", "uuid7", "hexdigest", "token_hex"}
    return isinstance(node, _NEVER_NONE) or (isinstance(node, ast.Attribute) and node.attr == "hex")


def _for_each_item(module: Module, request: Request, edit: Edit) -> None:
    """The item's id becomes part of the key, or each item gets a random one."""
    shared = request.key_argument
    item = item_id(module, request)
    if item is not None and isinstance(shared, ast.Name) and _is_never_none(module, shared):
        _passing_keys.replace_key(request, edit, f'f"{{{shared.id}}}-{{{item}}}"')
        edit.describe(f"the key ends with the id of the item, {item}")
        edit.note(_missing_key.LIFETIME)
        return
    if not any(fact.key is not None and fact.key.has(Mark.FRESH) for fact in request.facts):
        edit.decline("the key is stable and should stay so: put what tells the items apart into it")
    _give_key(module, request, edit)


def _made_for_each_instance(module: Module, reuse: Reuse, edit: Edit) -> bool:
    """A default of a dataclass or Pydantic model becomes a factory."""
    if reuse.source.module is not module or reuse.source.node not in module.parents:
        return False
    statement = module.statement_of(reuse.source.node)
    owner = module.parents[statement]
    if not isinstance(statement, ast.AnnAssign) or statement.value is None or not isinstance(owner, ast.ClassDef):
        return False
    if _decorators(owner) & {"dataclass"}:
        field = edit.name_of("dataclasses.field", statement)
    elif any(base.endswith("BaseModel") for base in definitions.external_bases(ClassReference(module, owner))):
        field = edit.name_of("pydantic.Field", statement)
    else:
        return False
    edit.replace(statement.value, f"{field}(default_factory=lambda: {edit.source_of(statement.value)})")
    edit.describe("each instance makes a key of its own")
    edit.note(_retried_keys.STORED_KEY)
    return True


def _decorators(owner: ast.ClassDef) -> set[str]:
    return set(functions.decorator_names(owner))


def _made_for_each_call(module: Module, reuse: Reuse, request: Request, edit: Edit) -> bool:
    """A default argument becomes ``None``, and the function makes a key where it is given none."""
    key, function = request.key_argument, module.enclosing_function(request.node)
    if not isinstance(key, ast.Name) or not isinstance(function, NamedFunction):
        return False
    parameter = next((each for each in functions.parameters(function) if each.arg == key.id), None)
    default = functions.default_of(function, parameter) if parameter is not None else None
    if default is None or reuse.source.module is not module:
        return False
    first = functions.below_docstring(function)
    if not first:
        return False
    source = edit.source_of(default)
    edit.replace(default, "None")
    edit.insert_before(first[0], f"{key.id} = {key.id} or {source}")
    edit.describe("each call makes a key of its own")
    edit.note(_retried_keys.STORED_KEY)
    return True


def _hand_over_another(module: Module, reuse: Reuse, edit: Edit) -> None:
    """The second function that is handed a random key gets one of its own."""
    name = functions.last_name(reuse.node.func)
    function = module.enclosing_function(reuse.node)
    named = next((each for each in keys_handed_on.second_uses(module) if each.call is reuse.node), None)
    kept = [each for each in _arguments(reuse.node) if named and isinstance(each, ast.Name) and each.id == named.name]
    if len(kept) == 1 and name is not None and not _is_random(module, kept[0]):
        edit.replace(kept[0], _longer(module, kept[0], name.strip("_"), edit))
        edit.describe(f"{name} gets a key of its own")
        return
    given = [argument for argument in _arguments(reuse.node) if isinstance(argument, ast.Name)]
    shared = [
        argument
        for argument in given
        if (
            reuse.source.node is reuse.node
            or any(
                isinstance(other, ast.Name) and other.id == argument.id
                for call in module.calls_of.get(function or module.tree, ())
                if call is not reuse.node
                for other in _arguments(call)
            )
        )
        and _is_never_none(module, argument)
    ]
    if name is None or len(shared) != 1:
        edit.decline("it is not clear which argument is the key; give each function a key of its own")
    statement = statement_to_prepare(module, reuse.node)
    if statement is None or retries.retry_around(module, reuse.node) is not None:
        edit.decline(f"give {name} a key of its own, made before the first attempt")
    edit.replace(shared[0], edit.new_variable(statement, _retried_keys.fresh_key(edit, statement), f"{name}_key"))
    edit.describe(f"{name} gets a key of its own")


def _is_random(module: Module, key: ast.expr) -> bool:
    return keys.fresh_call(module, module.only_assignment(key)) is not None


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
