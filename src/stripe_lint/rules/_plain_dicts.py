"""How an object of the SDK that is used as a dict becomes one: where, so that what comes out of it works too.

Since stripe 15 ``to_dict()`` goes all the way down: what is taken out of its dict is a dict or a list of dicts. So what
comes out must be followed, and where it is used as an object, it has to stay one.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import callers, functions, names, sdk_objects, syntax
from stripe_lint.analysis.dict_uses import CHANGING, dict_uses
from stripe_lint.analysis.references import FunctionReference
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.dict_uses import DictUse
    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import Scope
    from stripe_lint.fixing.edit import Edit

_METHODS_OF_PLAIN: Final = frozenset(
    name for kind in (dict, list, str, bytes, int, float) for name in dir(kind) if not name.startswith("_")
)
_GIVING_PARTS: Final = frozenset({"get", "items", "values", "copy", "dict"})
_GIVING_ELEMENTS: Final = frozenset({"list", "tuple", "sorted", "reversed", "iter", "next", "enumerate", "set"})
_OF_OBJECTS: Final = frozenset({"hasattr", "getattr", "setattr", "delattr", "vars"})
_NO_FIELDS: Final = frozenset(dir(dict)) | {"api_key", "stripe_account", "stripe_version", "last_response", "request"}
"""Attributes of an object that are not, or not in each release, its entry of that name."""

_CONTAINERS: Final = frozenset({"object"})
"""Entries of an event's data that are never null."""


def make_plain(module: Module, use: DictUse, edit: Edit) -> None:
    """Record what makes the use work in all releases. Declines where what comes out of a dict must be an object."""
    maker = _maker(module, use)
    if isinstance(use.node, ast.Call) and use.words.startswith("json.dump"):
        # The SDK makes Decimals of some amounts since 15.
        edit.set_keyword(use.node, "default", "str")
    taken = _where_it_is_taken(module, maker)
    if taken is not None:
        _convert(module, taken.value, edit)
        edit.describe("makes a dict of the object where it is taken")
        return
    trouble = _parts_of(module, maker).object_use
    if trouble is None:
        _convert(module, maker.holder, edit)
        edit.describe("makes a dict of the object first")
        return
    if maker is not use or not isinstance(use.node, ast.Call) or not _asks_for_field(module, use, use.node):
        edit.decline(f"what comes out of it is used as an object in line {trouble.lineno}, and a dict holds only dicts")
    key, *default = use.node.args
    asked = [edit.source_of(use.holder), edit.source_of(key), *(edit.source_of(each) for each in default)]
    edit.replace(use.node, f"getattr({', '.join(asked if default else [*asked, 'None'])})")
    edit.describe("asks the object for its attribute")


def _convert(module: Module, node: ast.expr, edit: Edit) -> None:
    parent = module.parents[node]
    if not isinstance(node, ast.Await | ast.NamedExpr):
        edit.replace(node, f"{edit.source_of(node)}.to_dict()")
    elif isinstance(parent, ast.Attribute):
        # Its parentheses stay around it.
        edit.replace(parent, f"{edit.source_of(parent).removesuffix(parent.attr)}to_dict().{parent.attr}")
    else:
        edit.replace(node, f"({edit.source_of(node)}).to_dict()")


def _asks_for_field(module: Module, use: DictUse, call: ast.Call) -> bool:
    """Whether the use is a ``get`` that an attribute can stand for."""
    key = call.args[0] if call.args else None
    return (
        use.words == ".get()"
        and not call.keywords
        and isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and key.value.isidentifier()
        and key.value not in _NO_FIELDS
        and not key.value.startswith("_")
        and module.scope_of(call).lookup("getattr") is None
    )


def _maker(module: Module, use: DictUse) -> DictUse:
    """The first use on the way to ``use`` whose dict its object comes from; ``use`` itself if there is none."""
    passed: set[ast.AST] = {use.node}
    while (before := _made_before(module, use, passed)) is not None:
        use = before
        passed.add(use.node)
    return use


def _made_before(module: Module, use: DictUse, passed: set[ast.AST]) -> DictUse | None:
    """Another use, none of ``passed``, that makes a dict which the object of ``use`` comes out of."""
    own = _where_it_is_taken(module, use)
    for other in _repaired_uses(module):
        if other.node in passed:
            continue
        taken = _where_it_is_taken(module, other)
        if taken is not None and own is not None and taken.value is own.value:
            continue
        parts = taken.parts if taken is not None else _parts_of(module, other)
        if use.holder in parts.reached and parts.object_use is None:
            return other
    return None


def _repaired_uses(module: Module) -> list[DictUse]:
    known = module.memory.get("uses that become plain")
    if not isinstance(known, list):
        known = [
            use
            for use in dict_uses(module)
            if not use.words.startswith("isinstance")
            if not use.changes and sdk_objects.alternative(module, use.holder) is None
        ]
        module.memory["uses that become plain"] = known
    return known


class _Taken(NamedTuple):
    """The expression that a variable takes an object from, and what is done with the variable and comes out of it."""

    value: ast.expr
    parts: _Parts


def _where_it_is_taken(module: Module, use: DictUse) -> _Taken | None:
    """Where a variable takes the object, if the variable is used several times, only as a dict."""
    key = ("taken", use.node)
    if key not in module.memory:
        module.memory[key] = _taken(module, use)
    return module.memory[key]  # type: ignore[return-value]


def _taken(module: Module, use: DictUse) -> _Taken | None:
    name = use.holder
    found = module.scope_of(name).lookup(name.id) if isinstance(name, ast.Name) else None
    value = module.only_assignment(name)
    if not isinstance(name, ast.Name) or found is None or found[0].function is None or value is None:
        return None
    scope, (binding,) = found
    if not binding.is_alone or binding.annotation is not None or not _is_never_none(module, value):
        return None
    uses = {each.holder for each in _repaired_uses(module)}
    loads = list(_loads(module, scope, name.id))
    if len(uses & set(loads)) < 2 or not all(_needs_no_object(module, load, uses) for load in loads):
        return None
    parts = _Parts(module)
    parts.reached.add(value)
    for load in loads:
        parts.follow(module, load)
    return _Taken(value, parts) if parts.object_use is None else None


def _is_never_none(module: Module, node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Await) else node
    if isinstance(value, ast.Call):
        return not isinstance(names.resolve(module, value.func), FunctionReference) and not (
            isinstance(value.func, ast.Attribute) and value.func.attr == "get"
        )
    if isinstance(value, ast.Subscript):
        return isinstance(value.slice, ast.Constant) and value.slice.value in _CONTAINERS
    return isinstance(value, ast.Attribute) and value.attr in _CONTAINERS


def _needs_no_object(module: Module, load: ast.Name, uses: set[ast.expr]) -> bool:
    parent = module.parents[load]
    if isinstance(parent, ast.Subscript):
        return parent.value is load and isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.Compare):
        return load is not parent.left and all(isinstance(each, ast.In | ast.NotIn) for each in parent.ops)
    return load in uses


def _loads(module: Module, scope: Scope, name: str) -> Iterator[ast.Name]:
    """Where a variable of ``scope`` is read."""
    for node in syntax.descendants(scope.node):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            found = module.scope_of(node).lookup(name)
            if found is not None and found[0] is scope:
                yield node


def _parts_of(module: Module, use: DictUse) -> _Parts:
    key = ("parts of", use.node)
    known = module.memory.get(key)
    if not isinstance(known, _Parts):
        known = module.memory[key] = _Parts(module)
        if use.words == "unpacking":
            known.unpacked(module, use.node)
        elif use.words.strip(".()") in _GIVING_PARTS:
            known.follow(module, use.node)
    return known


class _Parts:
    """What comes out of a dict that an object was made.

    ``reached`` are the expressions that may be such a part, ``object_use`` is where one is used as an object.
    """

    def __init__(self, module: Module) -> None:
        """Nothing came out yet of the dicts in ``module``."""
        self.reached: set[ast.AST] = set()
        self.object_use: ast.expr | None = None
        self._home = module

    def follow(self, module: Module, node: ast.expr) -> None:
        """Looks at what is done with ``node``, which is plain, and with what comes out of it."""
        if node in self.reached:
            return
        self.reached.add(node)
        parent = module.parents[node]
        match parent:
            case ast.Subscript() if parent.value is node:
                self._goes_on(module, parent, isinstance(parent.ctx, ast.Load))
            case ast.Attribute():
                self._attribute(module, parent)
            case ast.BoolOp() | ast.Await() | ast.Starred():
                self.follow(module, parent)
            case ast.IfExp() if node is not parent.test:
                self.follow(module, parent)
            case ast.NamedExpr() | ast.Assign():
                self._assigned(module, parent)
            case ast.For() | ast.AsyncFor() | ast.comprehension() if node is parent.iter:
                self._bound(module, parent.target)
            case ast.keyword():
                self._argument(module, node, module.parents[parent])
            case ast.Call() if node is not parent.func:
                self._argument(module, node, parent)
            case ast.Return():
                self._returned(module, parent)

    def unpacked(self, module: Module, node: ast.expr) -> None:
        """Looks at what is done with the entries that ``**`` takes out of ``node``, which is plain."""
        parent = module.parents[node]
        call = module.parents[parent] if isinstance(parent, ast.keyword) else None
        if isinstance(parent, ast.Dict):
            self.follow(module, parent)
        reference = names.resolve(module, call.func) if isinstance(call, ast.Call) else None
        if isinstance(reference, FunctionReference):
            source, function = reference.module, reference.node
            for parameter in functions.parameters(function):
                for load in _loads(source, source.scopes[function], parameter.arg):
                    self.follow(source, load)

    def _goes_on(self, module: Module, node: ast.expr, fits: bool) -> None:
        if fits:
            self.follow(module, node)
        else:
            self._is_object_use(node)

    def _is_object_use(self, node: ast.expr) -> None:
        self.object_use = self.object_use or node

    def _attribute(self, module: Module, node: ast.Attribute) -> None:
        call = module.parents[node]
        is_method = isinstance(call, ast.Call) and call.func is node and node.attr in _METHODS_OF_PLAIN - CHANGING
        if not is_method or self._is_made_plain_again(module, node.value):
            self._is_object_use(node)
        elif isinstance(call, ast.Call) and node.attr in _GIVING_PARTS:
            self.follow(module, call)

    def _is_made_plain_again(self, module: Module, holder: ast.expr) -> bool:
        """Whether a repair of its own would make a dict of ``holder`` again."""
        if not sdk_objects.is_sdk_object(module, holder):
            return False
        return module is not self._home or (isinstance(holder, ast.Name) and self._has_another_origin(module, holder))

    def _has_another_origin(self, module: Module, name: ast.Name) -> bool:
        values = [binding.value for binding in module.bindings_of(name)]
        return any(value is None or not (isinstance(value, ast.Constant) or value in self.reached) for value in values)

    def _assigned(self, module: Module, node: ast.NamedExpr | ast.Assign) -> None:
        if isinstance(node, ast.NamedExpr):
            self.follow(module, node)
            self._bound(module, node.target)
            return
        for target in node.targets:
            self._bound(module, target)

    def _bound(self, module: Module, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                found = module.scope_of(node).lookup(node.id)
                for load in _loads(module, found[0], node.id) if found is not None else ():
                    self.follow(module, load)

    def _argument(self, module: Module, node: ast.expr, call: ast.AST) -> None:
        if not isinstance(call, ast.Call):
            return
        reference = names.resolve(module, call.func)
        if isinstance(reference, FunctionReference):
            self._handed(node, call, reference)
            return
        name = call.func.id if isinstance(call.func, ast.Name) else None
        if name in _OF_OBJECTS:
            self._is_object_use(call)
        elif name == "isinstance" and len(call.args) == 2:
            if (names.dotted_path(module, call.args[1]) or "").startswith("stripe"):
                self._is_object_use(call)
        elif name in _GIVING_ELEMENTS:
            self.follow(module, call)
        elif reference is None and node in call.args[:1] and sdk_objects.dispatched_names(module):
            # A table of handlers, whose own repairs take what they get for an object.
            self._is_object_use(call)

    def _handed(self, node: ast.expr, call: ast.Call, reference: FunctionReference) -> None:
        function = reference.node
        if isinstance(function, ast.Lambda):
            return
        source = reference.module
        for parameter in callers.parameters_for(source, function, call, node):
            for load in _loads(source, source.scopes[function], parameter):
                self.follow(source, load)

    def _returned(self, module: Module, statement: ast.Return) -> None:
        function = module.enclosing_function(statement)
        if isinstance(function, NamedFunction):
            for source, call in callers.call_sites(module, function) or ():
                self.follow(source, call)
