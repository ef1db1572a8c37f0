"""The calls of the SDK's own verifications in a module, with their arguments by role."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, runners, verification

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module

PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "construct_event": ("payload", "sig_header", "secret", "tolerance", "api_key", "api_requestor"),
    "verify_header": ("payload", "header", "secret", "tolerance"),
    "parse_event_notification": ("raw", "sig_header", "secret", "tolerance"),
    "parse_thin_event": ("raw", "sig_header", "secret", "tolerance"),
}
"""The parameters of each verification, in order."""

CLIENT_PARAMETERS: Final = 4
"""How many of them a method of ``StripeClient`` takes."""

REQUIRED: Final = 3
"""The body, the signature and the secret have no default."""

_PAYLOAD, _SIGNATURE, _SECRET, _TOLERANCE = range(4)


class SdkVerification(NamedTuple):
    """A call that verifies, or a reference to a verification that is handed to another call, such as a thread's.

    ``positional`` and ``keywords`` are the arguments that the verification gets; ``open`` tells that there may be more.
    ``certain`` is false where only the name says that it is the SDK's.
    """

    module: Module
    node: ast.Call
    name: str
    on_client: bool
    positional: list[ast.expr]
    keywords: dict[str, ast.expr]
    open: bool
    certain: bool

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        known = PARAMETERS[self.name]
        return known[:CLIENT_PARAMETERS] if self.on_client else known

    @property
    def parses(self) -> bool:
        """Whether it also decodes the body, and so can raise a ``ValueError``."""
        return self.name != "verify_header"

    @property
    def payload(self) -> ast.expr | None:
        """What is passed as the body."""
        return self._argument(_PAYLOAD)

    @property
    def signature(self) -> ast.expr | None:
        """What is passed as the value of the signature header."""
        return self._argument(_SIGNATURE)

    @property
    def secret(self) -> ast.expr | None:
        """What is passed as the webhook's secret."""
        return self._argument(_SECRET)

    @property
    def tolerance(self) -> ast.expr | None:
        """What is passed as the greatest age in seconds."""
        return self._argument(_TOLERANCE)

    def _argument(self, position: int) -> ast.expr | None:
        if position < len(self.positional):
            return self.positional[position]
        return self.keywords.get(self.parameters[position])


def sdk_verifications(module: Module) -> list[SdkVerification]:
    """The verifications of a module, in source order."""
    key = "sdk verifications"
    known = module.memory.get(key)
    if isinstance(known, list):
        return known
    found = []
    for name in PARAMETERS:
        for call in module.calls.get(name, ()):
            reference = names.resolve(module, call.func)
            if verification.is_sdk_function(reference, name):
                found.append(_made(module, call, name, call.func, call.args))
        for handed in module.handed_on.get(name, ()):
            parent = module.parents[handed]
            if isinstance(parent, ast.Call) and verification.is_sdk_function(names.resolve(module, handed), name):
                found.extend(_handed_on(module, parent, name, handed))
    found.sort(key=lambda each: (each.node.lineno, each.node.col_offset))
    module.memory[key] = found
    return found


_BINDERS: Final = runners.BINDERS | {"partialmethod"}


def _handed_on(module: Module, parent: ast.Call, name: str, handed: ast.expr) -> Iterator[SdkVerification]:
    """The calls by which a verification that ``parent`` is given runs in the end."""
    path = names.dotted_path(module, parent.func)
    adapter = path.rpartition(".")[2] if path is not None else functions.last_name(parent.func)
    given = parent.args[parent.args.index(handed) + 1 :] if handed in parent.args else []
    if adapter not in _BINDERS | runners.ADAPTERS:
        yield _made(module, parent, name, handed, given)
        return
    kept = (given, parent.keywords) if adapter in _BINDERS else ([], [])
    around = module.parents[parent]
    if isinstance(around, ast.Call):
        if around.func is parent:
            yield _made(module, around, name, handed, [*kept[0], *around.args], kept[1])
        elif parent in around.args:
            further = around.args[around.args.index(parent) + 1 :]
            yield _made(module, around, name, handed, [*kept[0], *further], kept[1])
        return
    if isinstance(around, ast.Await):
        return
    for call in _calls_of(module, parent, around):
        yield _made(module, call, name, handed, [*kept[0], *call.args], kept[1])


def _calls_of(module: Module, made: ast.Call, around: ast.AST) -> Iterator[ast.Call]:
    """The calls of the variable that ``around`` assigns ``made`` to."""
    targets = around.targets if isinstance(around, ast.Assign) else [getattr(around, "target", None)]
    for name in [target.id for target in targets if isinstance(target, ast.Name)]:
        for call in module.calls.get(name, ()):
            if any(binding.value is made for binding in module.bindings_of(call.func)):
                yield call


def _made(
    module: Module,
    node: ast.Call,
    name: str,
    function: ast.expr,
    arguments: list[ast.expr],
    kept: Sequence[ast.keyword] = (),
) -> SdkVerification:
    starred = any(isinstance(argument, ast.Starred) for argument in arguments)
    given = [*kept, *node.keywords]
    keywords = {keyword.arg: keyword.value for keyword in given if keyword.arg is not None}
    unseen = starred or any(keyword.arg is None for keyword in given)
    reference = names.resolve(module, function)
    on_client = not verification.is_class_function(reference)
    return SdkVerification(module, node, name, on_client, arguments, keywords, unseen, reference is not None)
