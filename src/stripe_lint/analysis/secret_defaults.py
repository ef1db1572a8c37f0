"""Secrets that are read with a default: which ones, and what the default is."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    assignments,
    configuration_reads,
    definitions,
    dj_stripe,
    empty_secrets,
    functions,
    names,
    sdk_verifications,
    syntax,
)
from stripe_lint.analysis.references import ClassReference, External
from stripe_lint.key_shapes import key_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module

USUAL_NAMES: Final = (
    *("STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SIGNING_SECRET", "STRIPE_ENDPOINT_SECRET", "STRIPE_SIGNING_SECRET"),
    *("STRIPE_WEBHOOK_KEY", "STRIPE_WEBHOOK_ENDPOINT_SECRET", "WEBHOOK_SECRET", "ENDPOINT_SECRET"),
    *("stripe_webhook_secret", "stripe_endpoint_secret", "stripe_webhook_signing_secret"),
    *("webhook_secret", "endpoint_secret"),
)
"""What projects call the secret of a webhook, the most usual first."""

_WEBHOOK_SECRETS: Final = (
    r"(?i)(hook|endpoint|event|signing|(^|_)wh_?).*secret|secret.*(hook|endpoint)|whsec|(hook|signing|(^|_)wh)_?key"
)
_GENERIC_NAME: Final = (
    r"(?i)_*(app_|default_)?(web_?hooks?|wh|endpoint|event|signing)_?"
    r"(endpoint_|signing_|signature_)?(secret|key)(_key)?"
)
_STRIPE_NAME: Final = r"(?i)stripe|whsec"
_READING_NAMES: Final = (
    configuration_reads.SPEAKING_NAMES | configuration_reads.NAMES | {"get", "str", "getattr", "getfloat"}
)
_MODEL_BASES: Final = configuration_reads.SETTINGS_BASES | {"BaseModel"}


class SecretDefault(NamedTuple):
    """A secret that is read with a default: ``node`` is what is reported, ``value`` the default.

    ``names`` are what the secret is called where it is kept: variable, setting, field.
    """

    node: ast.AST
    value: ast.Constant
    webhook: bool
    names: frozenset[str]

    @property
    def empty(self) -> bool:
        """Whether the default is the empty string."""
        return isinstance(self.value.value, str) and not self.value.value.strip()


def secret_defaults(module: Module) -> list[SecretDefault]:
    """The webhook secrets with an empty or usable default, and other secrets with a key of Stripe's as default."""
    known = module.memory.get("secret defaults")
    if not isinstance(known, list):
        known = list(_find(module))
        module.memory["secret defaults"] = known
    return known


def _find(module: Module) -> Iterator[SecretDefault]:
    for word in _READING_NAMES:
        for call in module.calls.get(word, ()):
            found = _of_call(module, call)
            if found is not None:
                yield found
    for owner in module.classes:
        yield from _of_fields(module, owner)
    for either in module.of_kind(ast.BoolOp):
        if isinstance(either.op, ast.Or):
            yield from _of_alternative(module, either, either.values[0], either.values[-1])
    for choice in module.of_kind(ast.IfExp):
        yield from _of_alternative(module, choice, choice.body, choice.orelse)
        yield from _of_alternative(module, choice, choice.orelse, choice.body)
    for table in module.of_kind(ast.Dict):
        yield from _of_dict(module, table)
    for attempt in module.of_kind(ast.Try):
        yield from _of_attempt(module, attempt)


def _of_call(module: Module, call: ast.Call) -> SecretDefault | None:
    """``os.getenv("NAME", default)``, ``config("NAME", default=…)``, ``getattr(settings, "NAME", default)``."""
    if not reads_configuration(module, call) and not (_is_lookup(call) and call in _verifying(module)):
        return None
    texts = [argument for argument in call.args if isinstance(argument, ast.Constant)]
    keywords = [keyword.value for keyword in call.keywords if keyword.arg in {"default", "fallback"}]
    written = [each for each in keywords if isinstance(each, ast.Constant)]
    names_read = [text.value for text in texts if isinstance(text.value, str)]
    candidates = written or texts[1:]
    if not names_read or not candidates:
        return None
    # a section may stand before the name: ``parser.get("stripe", "webhook_secret", fallback="")``
    return _default(module, call, candidates[0], names_read[-1] if written else names_read[0])


def _is_lookup(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "get"


def reads_configuration(module: Module, call: ast.Call) -> bool:
    """Whether a call reads a setting, which may have a default."""
    reference = names.resolve(module, call.func)
    if isinstance(reference, External) and reference.path in configuration_reads.WITH_DEFAULT:
        return True
    if functions.last_name(call.func) in configuration_reads.SPEAKING_NAMES:
        return True
    if isinstance(call.func, ast.Name):
        return call.func.id in configuration_reads.NAMES | {"getattr"}
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    spelled = functions.dotted_name(holder) if holder is not None else None
    return spelled is not None and re.search(configuration_reads.CONTAINERS, spelled) is not None


def _of_alternative(module: Module, node: ast.expr, read: ast.expr, default: ast.expr) -> Iterator[SecretDefault]:
    """``os.getenv("NAME") or default``, ``os.environ["NAME"] if … else default``."""
    name = _name_read(read) if isinstance(default, ast.Constant) else None
    found = _default(module, node, default, name) if isinstance(default, ast.Constant) and name is not None else None
    if found is not None:
        yield found


def _of_attempt(module: Module, attempt: ast.Try) -> Iterator[SecretDefault]:
    """``try: SECRET = os.environ["NAME"]``, and in the ``except`` ``SECRET = default``."""
    read = {
        functions.dotted_name(target): _name_read(statement.value)
        for statement in attempt.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    }
    for statement in (each for handler in attempt.handlers for each in handler.body):
        default = statement.value if isinstance(statement, ast.Assign) else None
        if not isinstance(statement, ast.Assign) or not isinstance(default, ast.Constant):
            continue
        name = next(filter(None, (read.get(functions.dotted_name(target)) for target in statement.targets)), None)
        found = _default(module, default, default, name) if name is not None else None
        if found is not None:
            yield found


def _name_read(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and len(node.args) in {1, 2}:
        text = next((each for each in node.args if isinstance(each, ast.Constant)), None)
        return text.value if text is not None and isinstance(text.value, str) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else None
    return node.attr if isinstance(node, ast.Attribute) else None


def _of_fields(module: Module, owner: ast.ClassDef) -> Iterator[SecretDefault]:
    """``stripe_webhook_secret: str = ""`` in a class of settings."""
    bases = {base.rpartition(".")[2] for base in definitions.external_bases(ClassReference(module, owner))}
    if not bases & _MODEL_BASES:
        return
    provider = f"{owner.name} {_prefix_of(owner)}"
    for statement in owner.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            value = statement.value
            while isinstance(value, ast.Call) and _name_of(module, value.func) in {"Field", "SecretStr"}:
                given = [keyword.value for keyword in value.keywords if keyword.arg == "default"] or value.args[:1]
                value = given[0] if given else None
            if isinstance(value, ast.Constant):
                found = _default(module, statement, value, statement.target.id, provider)
                if found is not None:
                    yield found


def _prefix_of(owner: ast.ClassDef) -> str:
    """How the variables of the environment begin that a class of settings reads; empty where it does not say."""
    for node in syntax.descendants(owner):
        if isinstance(node, ast.keyword):
            name = node.arg
        elif isinstance(node, ast.Assign):
            name = functions.last_name(node.targets[0])
        else:
            continue
        if name == "env_prefix" and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return node.value.value
    return ""


def _name_of(module: Module, node: ast.expr) -> str | None:
    """What something from elsewhere is called there."""
    path = names.dotted_path(module, node)
    return path.rpartition(".")[2] if path is not None else functions.last_name(node)


def _of_dict(module: Module, node: ast.Dict) -> Iterator[SecretDefault]:
    """A ready-made secret in the project's ``DEFAULTS``."""
    parent = module.parents.get(node)
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    if not any("default" in (functions.last_name(target) or "").lower() for target in targets):
        return
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(value, ast.Constant):
            found = _default(module, value, value, key.value)
            if found is not None and not found.empty:
                yield found


def _default(module: Module, node: ast.AST, value: ast.Constant, name: str, provider: str = "") -> SecretDefault | None:
    """The default of what is called ``name``, where the words ``provider`` may tell whose it is."""
    if not isinstance(value.value, str) or empty_secrets.is_only_looked_at(module, node):
        return None
    if not value.value.strip() and empty_secrets.gives_way(module, node):
        return None
    verifies = node in _verifying(module)
    webhook = verifies or (
        re.search(_WEBHOOK_SECRETS, name) is not None
        and (re.search(_STRIPE_NAME, provider) is not None or _speaks_of_stripe(module, name))
    )
    is_key = any(not shape.webhook or webhook for shape in key_shapes(value.value))
    if not webhook and not is_key:
        return None
    if webhook and not verifies and re.search(r"(?i)_url|_path|_id$|_name|source|tolerance|header", name):
        return None
    return SecretDefault(node, value, webhook, frozenset({name, *_kept_as(module, node)}))


def _verifying(module: Module) -> set[ast.AST]:
    """The expressions of the file that a verification in it takes its secret from, whatever they are called."""
    key = "secrets that verify"
    known = module.memory.get(key)
    if isinstance(known, set):
        return known
    found: set[ast.AST] = set()
    for verification in sdk_verifications.sdk_verifications(module):
        if verification.secret is not None:
            found.add(assignments.assigned_expression(module, verification.secret)[1])
    module.memory[key] = found
    return found


def _speaks_of_stripe(module: Module, name: str) -> bool:
    """Whether the secret is Stripe's: by its name, or by a name without a provider in a file that uses the SDK."""
    if re.search(_STRIPE_NAME, name):
        return True
    uses_sdk = not module.imported_packages.isdisjoint({"stripe", dj_stripe.PACKAGE})
    return uses_sdk and re.fullmatch(_GENERIC_NAME, name) is not None


def _kept_as(module: Module, node: ast.AST) -> Iterator[str]:
    """The name of what the value is assigned to."""
    statement = module.statement_of(node)
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        name = functions.last_name(target)
        if name is not None:
            yield name
