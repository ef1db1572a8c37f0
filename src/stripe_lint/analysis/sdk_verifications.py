"""The calls of the SDK's own verifications in a module, with their arguments by role."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import names, verification

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module

PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "construct_event": ("payload", "sig_header", "secret", "tolerance", "api_key", "api_requestor"),
    "verify_header": ("payload", "header", "secret", "tolerance"),
    "parse_event_notification": ("raw", "sig_header", "secret", "tolerance"),
    "parse_thin_event": ("raw", "sig_header", "secret", "tolerance"),
}
"""The parameters of each verification, in order (stripe 16.1.0; ``parse_thin_event``: 11.0.0 to 12.5.2)."""

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
                after = parent.args.index(handed) + 1
                found.append(_made(module, parent, name, handed, parent.args[after:]))
    found.sort(key=lambda each: (each.node.lineno, each.node.col_offset))
    module.memory[key] = found
    return found


def _made(module: Module, node: ast.Call, name: str, function: ast.expr, arguments: list[ast.expr]) -> SdkVerification:
    starred = any(isinstance(argument, ast.Starred) for argument in arguments)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    unseen = starred or len(keywords) < len(node.keywords)
    reference = names.resolve(module, function)
    on_client = not verification.is_class_function(reference)
    return SdkVerification(module, node, name, on_client, arguments, keywords, unseen, reference is not None)
