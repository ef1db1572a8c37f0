"""What, beside an id, makes the requests for that id different from one another: other inputs of the function."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import functions, names, syntax
from stripe_lint.analysis.references import External
from stripe_lint.analysis.scopes import BindingKind, Comprehension
from stripe_lint.analysis.sent_parameters import sent_parameters, written_entries
from stripe_lint.data import request_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.requests import Request
    from stripe_lint.analysis.scopes import Binding

_FARTHEST: Final = 6
"""Through how many assignments an argument is followed."""

MOST_INPUTS: Final = 3
"""How many inputs may be part of a key beside its id: a key has 255 characters at most."""

_ID: Final = (
    r"(?:^|_)(?:id|pk|uuid|uid|guid|ref|reference|number|no|num|nr|sku|slug|code|index|idx|position|seq|sequence"
    r"|instal?lment|milestone|period|month|year|quarter|week|day|date|round|phase|stage)$"
)
_NUMBER: Final = (
    r"(?:^|_)(?:amount|total|subtotal|cents|price|sum|fee|share|cost|deposit|tip|tax|quantity|qty|count|units|hours"
    r"|minutes|seats|credits|points|value|payout|percent|percentage)$"
)
_ATTEMPT: Final = r"(?:^|_)(?:attempts?|try|tries|retry|retries|nonce|now|timestamp|time|random|salt)(?:_|$)"
_ALIKE: Final = (
    r"(?:^|_)(?:currency|locale|language|lang|country|e_?mail|phone|address|url|uri|host|origin|domain|api_key|secret"
    r"|user_agent|ip|timezone|reason|test_mode|livemode|dry_run|settings|config|logger|timeout|client|db|session|conn"
    r"|connection|cursor|repo|repository|service|cache|redis|background_tasks)$"
)
"""Names of what one operation has one of, and of what a function works with."""

_PEOPLE: Final = (
    r"(?:^|_)(?:user|customer|client|member|buyer|seller|vendor|merchant|partner|owner|account|profile|donor|tenant"
    r"|courier|creator|instructor|teacher|student|patient|guest|company|shop|store|team)$"
)
_PAYLOAD: Final = (
    r"(?:^|_)(?:request|req|data|payload|body|form|params|args|json|event|dto|inputs?|fields|message|msg|command|cmd"
    r"|validated_data|cleaned_data|attrs|values)$"
)
_PAYLOAD_TYPE: Final = r"^dict$|(?:Request|In|Input|Create|Payload|Schema|Form|Body|DTO)$"
_NOT_SENT: Final = request_parameters.OPTIONS | request_parameters.ALIKE
"""Parameters of a request that do not tell one operation from another, or are not sent."""

_READS: Final = frozenset({"get", "pop", "getlist", "getone"})


class Input(NamedTuple):
    """A word for an input of the function, and the expression that reads it at the request."""

    noun: str
    source: str


class _Unclear(Exception):  # noqa: N818 - ends the search, is no error
    """Something tells the requests apart that can't be put into a key."""


def distinguishing_inputs(
    module: Module, request: Request, name: str, known: dict[str, list[str]]
) -> tuple[Input, ...] | None:
    """The inputs that tell the requests for the id in ``name`` apart; ``None`` where that is unclear.

    ``known`` holds the ids that the code around reads of each name.
    """
    search = _Search(module, name, known)
    try:
        for slot, value in sent_parameters(module, request):
            if slot not in _NOT_SENT:
                search.follow(value, slot)
    except _Unclear:
        return None
    found = tuple(search.found.values())
    return found if len(found) <= MOST_INPUTS else None


class _Search:
    """One search from the arguments of a request back to what the function is given."""

    def __init__(self, module: Module, name: str, known: dict[str, list[str]]) -> None:
        """``name`` holds the id, or the record that has it."""
        self.module = module
        self.name = name
        self.known = known
        self.found: dict[str, Input] = {}

    def follow(self, node: ast.expr, slot: str = "", depth: int = 0) -> None:
        """Find the inputs that ``node`` is made of."""
        if depth > _FARTHEST:
            return
        chain = _chain(node)
        if chain is not None:
            self._judge(node, *chain, slot, depth)
            return
        if isinstance(node, ast.Lambda | Comprehension):
            for inner in syntax.descendants(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                    self.follow(inner, slot, depth + 1)
            return
        if isinstance(node, ast.Dict):
            for inner_slot, value in written_entries(self.module, node, slot):
                if inner_slot not in _NOT_SENT:
                    self.follow(value, inner_slot, depth + 1)
            return
        if isinstance(node, ast.Call):
            self._follow_call(node, slot, depth)
            return
        if slot in request_parameters.AMOUNTS and _is_choice(node):
            raise _Unclear
        for child in syntax.children(node):
            if isinstance(child, ast.expr):
                self.follow(child, slot, depth + 1)

    def _follow_call(self, node: ast.Call, slot: str, depth: int) -> None:
        """What a call gives is made of its arguments, and of the object itself where that is no place to look up in."""
        if isinstance(node.func, ast.Attribute):
            target = node.func.value
            is_lookup = _chain(target) is not None and bool(node.args or node.keywords)
            if not is_lookup or re.search(_NUMBER, functions.last_name(target) or ""):
                self.follow(target, slot, depth + 1)
        for argument in node.args:
            self.follow(argument, slot, depth + 1)
        for keyword in node.keywords:
            self.follow(keyword.value, slot or keyword.arg or "", depth + 1)

    def _judge(self, node: ast.expr, base: ast.Name, path: tuple[str, ...], slot: str, depth: int) -> None:
        """Decide on a name, or on what is read from one."""
        bindings = self._inputs_of(base)
        label = (path[-1] if path else base.id).lower()
        if base.id in {self.name, "self", "cls"} or not bindings or re.search(_ALIKE, label):
            return
        parameter = next((each for each in bindings if each.kind is BindingKind.PARAMETER), None)
        if parameter is not None and not path and _is_flag(parameter):
            return
        is_chosen = not path and slot in request_parameters.AMOUNTS and _is_chosen(self.module, bindings)
        within: dict[str, Input] | None = None
        if parameter is None and not self._is_request(base):
            within = self._within(bindings, slot, depth)
            if within is not None and not within and not is_chosen:
                return
        if re.search(_ATTEMPT, label):
            raise _Unclear
        ids = self.known.get(base.id)
        is_record = bool(path) and not self._is_payload(base, parameter)
        if ids and (is_record or not path):
            self._add(base.id, ids[0])
        elif is_record and re.search(_PEOPLE, base.id.lower()) and _is_id(label, slot):
            self._add(base.id, ast.unparse(node))
        elif not is_record and (is_chosen or _is_plain(label, slot) or (not path and _has_plain_type(parameter))):
            self._add(label, ast.unparse(node))
        elif within is None:
            raise _Unclear
        else:
            self.found.update(within)

    def _within(self, bindings: list[Binding], slot: str, depth: int) -> dict[str, Input] | None:
        """The inputs that a variable is made of; ``None`` where they are unclear."""
        search = _Search(self.module, self.name, self.known)
        try:
            for binding in bindings:
                for value in _choices(binding.value):
                    search.follow(value, slot, depth + 1)
        except _Unclear:
            return None
        return search.found

    def _is_payload(self, base: ast.Name, parameter: Binding | None) -> bool:
        """Whether a name holds what a client sent, each field of it for itself."""
        if re.search(_PAYLOAD, base.id.lower()) or self._is_request(base):
            return True
        kind = _type_of(parameter) if parameter is not None else None
        return kind is not None and re.search(_PAYLOAD_TYPE, kind) is not None

    def _is_request(self, base: ast.Name) -> bool:
        reference = names.resolve(self.module, base)
        return isinstance(reference, External) and reference.path.endswith(".request")

    def _inputs_of(self, base: ast.Name) -> list[Binding]:
        """The bindings of a name that a function is given or makes; none where the program has one of it."""
        if self._is_request(base):
            return self.module.bindings_of(base)
        found = self.module.scope_of(base).lookup(base.id)
        if found is None or found[0].function is None:
            return []
        return [each for each in found[1] if not self._is_of_same_item(each)]

    def _is_of_same_item(self, binding: Binding) -> bool:
        """Whether a loop binds the name together with the one that holds the id."""
        target = getattr(binding.node, "target", None)
        return (
            binding.kind is BindingKind.ITERATION
            and target is not None
            and any(isinstance(inner, ast.Name) and inner.id == self.name for inner in syntax.descendants(target))
        )

    def _add(self, noun: str, source: str) -> None:
        if '"' in source or "\\" in source or "{" in source:
            raise _Unclear
        words = re.sub(r"_(?:id|pk|uuid|uid)$", "", noun.lower()).removeprefix("stripe_")
        self.found.setdefault(source, Input(words.strip("_").replace("_", "-"), source))


def _choices(value: ast.expr | None) -> Iterator[ast.expr]:
    """The values that a variable may take from an expression."""
    if isinstance(value, ast.IfExp):
        yield from (value.test, value.body, value.orelse)
    elif value is not None:
        yield value


def _is_choice(node: ast.expr | None) -> bool:
    """Whether an expression is one of two things that the program knows only when it runs."""
    return isinstance(node, ast.IfExp) and not any(isinstance(each, ast.Constant) for each in (node.body, node.orelse))


def _is_chosen(module: Module, bindings: list[Binding]) -> bool:
    """Whether a variable is one thing or another, as a condition says."""
    values = [each.value for each in bindings if each.kind is BindingKind.ASSIGNMENT and each.value is not None]
    if any(_is_choice(value) for value in values):
        return True
    return len({ast.dump(value) for value in values}) > 1 and any(
        isinstance(module.parents.get(module.statement_of(value)), ast.If | ast.match_case) for value in values
    )


def _is_plain(label: str, slot: str) -> bool:
    """Whether a value is an id or a number, by its name or by where it goes."""
    return _is_id(label, slot) or re.search(_NUMBER, label) is not None


def _is_id(label: str, slot: str) -> bool:
    return slot in request_parameters.IDS or re.search(_ID, label) is not None


def _has_plain_type(parameter: Binding | None) -> bool:
    """Whether a parameter is an id or a number by its type."""
    return parameter is not None and _type_of(parameter) in {"int", "float", "Decimal", "UUID", "UUID4", "date"}


def _is_flag(parameter: Binding) -> bool:
    default = parameter.value
    return _type_of(parameter) == "bool" or (isinstance(default, ast.Constant) and isinstance(default.value, bool))


def _type_of(parameter: Binding) -> str | None:
    if parameter.annotation is None:
        return None
    return functions.last_name(syntax.annotation_expression(parameter.annotation))


def _chain(node: ast.expr) -> tuple[ast.Name, tuple[str, ...]] | None:
    """The name that an expression reads from, and the attributes and entries on the way; ``None`` for others."""
    path: list[str] = []
    while True:
        if isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Attribute):
            path.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            path.append(str(node.slice.value))
            node = node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _READS
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            path.append(str(node.args[0].value))
            node = node.func.value
        else:
            break
    return (node, tuple(reversed(path))) if isinstance(node, ast.Name) else None
