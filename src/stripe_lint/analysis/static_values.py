"""Values that hold whatever the flow: module constants, class constants, defaults, settings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from stripe_lint.analysis import configuration_reads, definitions, functions, imports, names
from stripe_lint.analysis.references import (
    ClassReference,
    External,
    ModuleReference,
    ObjectReference,
    OfClass,
)
from stripe_lint.analysis.scopes import Binding, BindingKind, Scope
from stripe_lint.analysis.values import UNKNOWN, Mark, Tag, Value, constant, entries

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

_DJANGO_SETTINGS: Final = "django.conf.settings."
CLOCKS: Final = frozenset(
    {"time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"}
    | {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "django.utils.timezone.now"}
)
"""Functions that tell the time."""
CHANCE: Final = frozenset(
    f"random.{name}"
    for name in ("random", "randint", "randrange", "choice", "choices", "sample", "uniform", "getrandbits", "randbytes")
)
"""Functions of ``random``, whose values can be guessed and repeat themselves."""
_UNIQUE: Final = frozenset(
    {"uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "os.urandom", "bson.ObjectId"}
    | {"secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "secrets.randbelow", "secrets.choice"}
    | {"ulid.new", "ulid.ULID", "shortuuid.uuid", "nanoid.generate", "django.utils.crypto.get_random_string"}
)
FRESH_CALLS: Final = CLOCKS | CHANCE | _UNIQUE
"""Functions that give another value each time they are called."""

_DEEPEST: Final = 12


def of(module: Module, node: ast.expr) -> Value:
    """What the name or attribute ``node`` is, whatever the flow."""
    key = ("static", node)
    known = module.memory.get(key)
    if isinstance(known, Value):
        return known
    module.memory[key] = UNKNOWN
    value = _find(module, node)
    module.memory[key] = value
    return value


def _find(module: Module, node: ast.expr) -> Value:
    if isinstance(node, ast.Name) and node.id in {"__name__", "__file__"}:
        return constant(node.id)
    if isinstance(node, ast.Attribute) and node.attr in {"value", "name"} and isinstance(node.value, ast.Attribute):
        member = of(module, node.value)
        if member.constant is not None:
            return member
    if isinstance(node, ast.Name):
        found = module.scope_of(node).lookup(node.id)
        if found is not None:
            value = _of_bindings(module, found[0], node.id, found[1])
            if value is not None:
                return value
    reference = names.resolve(module, node)
    if isinstance(node, ast.Attribute):
        owner = names.resolve(module, node.value)
        value = _of_member(owner, node.attr)
        if value is not None:
            return value
    if isinstance(reference, External) and reference.path.startswith(_DJANGO_SETTINGS):
        return Value(tags=frozenset({Tag(Mark.SETTING, module, node)}), reference=reference)
    return Value(reference=reference)


def _of_member(owner: object, name: str) -> Value | None:
    if isinstance(owner, ModuleReference):
        bindings = owner.module.scope.bindings.get(name)
        return _of_bindings(owner.module, owner.module.scope, name, bindings) if bindings else None
    if isinstance(owner, OfClass):
        for module, node in names.linearized(owner):
            scope = module.scopes.get(node)
            held = module.bindings_on_self(node, name)
            if held:
                value = held[0][1].value
                return fixed(module, value) if len(held) == 1 and isinstance(value, ast.Dict) else None
            bindings = scope.bindings.get(name) if scope is not None else None
            if bindings and scope is not None:
                if _is_set_on_class(module, node, name):
                    return None
                if isinstance(owner, ObjectReference) and bindings[0].annotation is not None:
                    return _of_field(module, node, bindings[0])
                return _of_bindings(module, scope, name, bindings)
    return None


def _is_set_on_class(module: Module, owner: ast.ClassDef, name: str) -> bool:
    """Whether the file sets an attribute of a class on the class itself: ``Owner.name += 1``."""
    for target, _ in module.attribute_bindings.get(name, ()):
        holder = target.value
        if isinstance(holder, ast.Attribute) and holder.attr == "__class__":
            return True
        reference = names.resolve(module, holder)
        if isinstance(reference, ClassReference) and any(each is owner for _, each in names.linearized(reference)):
            return True
    return False


def _of_field(module: Module, owner: ast.ClassDef, binding: Binding) -> Value | None:
    """A field that each object sets for itself: what the class says is only its default."""
    if binding.value is None:
        return None
    default = fixed(module, binding.value)
    if default.has(Mark.FRESH):
        return default
    bases = definitions.external_bases(ClassReference(module, owner))
    if any(base.rpartition(".")[2] in configuration_reads.SETTINGS_BASES for base in bases):
        return Value(tags=frozenset({Tag(Mark.SETTING, module, binding.node)}))
    return None


def _of_bindings(module: Module, scope: Scope, name: str, bindings: list[Binding]) -> Value | None:
    """The value of a name that module or class level binds exactly once; ``None`` for all other names."""
    if len(bindings) != 1 or name in scope.global_names:
        return None
    behind = imports.definition_behind(module, bindings)
    if behind is not None:
        return _of_bindings(behind.module, behind.module.scope, behind.name, behind.bindings)
    binding = bindings[0]
    if not isinstance(scope.node, ast.Module | ast.ClassDef) or binding.kind is not BindingKind.ASSIGNMENT:
        return None
    if binding.value is None:
        return None
    return fixed(module, binding.value)


def fixed(module: Module, node: ast.expr, depth: int = 0) -> Value:
    """The value of an expression that is evaluated once, when its module is imported."""
    if depth > _DEEPEST:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return constant(node.value)
    if isinstance(node, ast.JoinedStr):
        return _joined([fixed(module, part, depth + 1) for part in node.values])
    if isinstance(node, ast.FormattedValue):
        return fixed(module, node.value, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _joined([fixed(module, node.left, depth + 1), fixed(module, node.right, depth + 1)])
    if isinstance(node, ast.Tuple | ast.List):
        return entries(
            {str(index): fixed(module, item, depth + 1) for index, item in enumerate(node.elts)}, complete=True
        )
    if isinstance(node, ast.Dict):
        return _fixed_dict(module, node, depth)
    if isinstance(node, ast.Call):
        return _fixed_call(module, node, depth)
    if isinstance(node, ast.Subscript):
        return setting_entry(module, node) or UNKNOWN
    if isinstance(node, ast.Name | ast.Attribute):
        value = of(module, node)
        if isinstance(node, ast.Attribute) and value.reference is None and not value.tags:
            base = fixed(module, node.value, depth + 1)
            return base if base.has(Mark.FRESH) else value
        return value
    if isinstance(node, ast.BoolOp):
        return _joined([fixed(module, part, depth + 1) for part in node.values[:1]])
    return UNKNOWN


def _fixed_dict(module: Module, node: ast.Dict, depth: int) -> Value:
    found = {}
    complete = True
    for key, item in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            found[str(key.value)] = fixed(module, item, depth + 1)
        else:
            complete = False
    return entries(found, complete=complete)


def _fixed_call(module: Module, node: ast.Call, depth: int) -> Value:
    reference = names.resolve(module, node.func)
    path = reference.path if isinstance(reference, External) else ""
    if path in FRESH_CALLS:
        return Value(tags=frozenset({Tag(Mark.FRESH, module, node, "module")}))
    if path in configuration_reads.FUNCTIONS:
        return Value(tags=frozenset({Tag(Mark.SETTING, module, node)}))
    parts = [fixed(module, argument, depth + 1) for argument in node.args]
    if isinstance(node.func, ast.Attribute):
        parts.append(fixed(module, node.func.value, depth + 1))
    fresh = frozenset(tag for part in parts for tag in part.tagged(Mark.FRESH))
    if fresh:
        return Value(tags=fresh)
    if path in {"builtins.str", "uuid.UUID"} and len(node.args) == 1 and parts[0].constant is not None:
        return constant(str(parts[0].constant.value))
    return Value(reference=names.call_result(reference))


def _joined(parts: list[Value]) -> Value:
    if parts and all(part.constant is not None for part in parts):
        return constant("".join(str(part.constant.value) for part in parts if part.constant is not None))
    tags = frozenset(tag for part in parts for tag in part.tagged(Mark.FRESH))
    if tags:
        return Value(tags=tags)
    if parts and all(part.constant is not None or part.has(Mark.SETTING) for part in parts):
        return Value(tags=frozenset(tag for part in parts for tag in part.tagged(Mark.SETTING)))
    return UNKNOWN


def setting_entry(module: Module, node: ast.Subscript) -> Value | None:
    """``os.environ["X"]`` and ``app.config["X"]``: read from the configuration."""
    reference = names.resolve(module, node.value)
    if isinstance(reference, External) and (
        reference.path == configuration_reads.ENVIRONMENT or reference.path.endswith("current_app.config")
    ):
        return Value(tags=frozenset({Tag(Mark.SETTING, module, node)}))
    chain = functions.attribute_chain(node.value)
    if chain is not None and chain[-1] == "config" and len(chain) == 2 and chain[0] in {"app", "application"}:
        return Value(tags=frozenset({Tag(Mark.SETTING, module, node)}))
    return None


def made_once(value: Value | None) -> Value | None:
    """The same value where what made it runs only once in the life of the process."""
    if value is None or not value.has(Mark.FRESH):
        return value
    tags = frozenset(
        Tag(tag.mark, tag.module, tag.node, "module") if tag.mark is Mark.FRESH else tag for tag in value.tags
    )
    return Value(tags=tags)


def of_default(module: Module, node: ast.expr) -> Value:
    """The value of a parameter's default, made once when the function is defined."""
    return fixed(module, node)
