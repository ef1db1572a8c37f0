"""Makes a random key before the first attempt of what repeats a request, and gets it to the request."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stripe_lint.analysis import callers, definitions, functions, retries, syntax, task_decorators
from stripe_lint.analysis.evaluation_order import REPEATING, statement_to_prepare
from stripe_lint.analysis.keys import KEY
from stripe_lint.analysis.scopes import NamedFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.retries import Retry
    from stripe_lint.fixing.edit import Edit

    UseKey = Callable[[str], None]
    """Records how the request takes the key from a variable."""

VARIABLE = KEY
BEFORE = "the key has to be made before the retry"
"""Why only ``--unsafe-fixes`` repairs a request that is tried again."""

STORED_KEY = (
    "a random key protects the attempts of one call only: "
    "what a user or a queue repeats needs a key that is stored with it"
)


def fresh_key(edit: Edit, at: ast.AST) -> str:
    """An expression at ``at`` for a key that no other request has."""
    return f"str({edit.name_of('uuid.uuid4', at)}())"


def make_before(
    module: Module, retry: Retry, node: ast.Call, edit: Edit, variables: tuple[str, ...], use: UseKey
) -> None:
    """Make a key before the first attempt of ``retry``, which repeats the request sent at ``node``.

    ``variables`` are the names that its variable may have, best first.
    """
    if retry.place.module is not module:
        edit.decline("the retry is in another file; make the key there and pass it in")
    repeated, place = retry.repeated, retry.place.node
    if isinstance(repeated, NamedFunction):
        if place in syntax.descendants(repeated):
            _within_function(module, retry, node, repeated, edit, variables, use)
        elif module.enclosing_function(repeated) is not None:
            _before_nested_function(module, node, repeated, place, edit, variables, use)
        else:
            _through_parameter(module, retry, node, repeated, edit, variables, use)
        return
    statement: ast.stmt | None = place if isinstance(place, ast.For | ast.AsyncFor | ast.While) else None
    if statement is not None:
        require_single_request(module, node, statement, edit)
        require_same_values(node, statement, edit)
    elif isinstance(place, ast.expr):
        statement = statement_to_prepare(module, place)
    _before_statement(module, statement, edit, variables, use)


def require_single_request(module: Module, node: ast.AST, around: ast.AST, edit: Edit) -> None:
    """Decline where one attempt of ``around`` sends the request at ``node`` several times."""
    for each in module.ancestors(node):
        if each is around:
            return
        if isinstance(each, REPEATING) and each is not module.enclosing_function(node):
            edit.decline("each attempt sends several requests; each needs a key of its own, made before the retry")


def require_same_values(node: ast.Call, loop: ast.stmt, edit: Edit, key: ast.expr | None = None) -> None:
    """Decline where the loop changes what the request sends: Stripe refuses a key that comes with other parameters.

    ``key`` is the expression that makes the key, where ``node`` has one.
    """
    of_key = set(syntax.descendants(key)) if key is not None else set()
    sent = [
        inner
        for argument in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != KEY))
        for inner in syntax.descendants(argument)
        if isinstance(inner, ast.Name | ast.Attribute) and inner not in of_key
    ]
    read = {ast.unparse(each) for each in sent}
    for changed in _changed_between_attempts(node, loop):
        target = changed.value if isinstance(changed, ast.Subscript) else changed
        if ast.unparse(target) in read:
            edit.decline(
                f"the attempts send different values of {ast.unparse(target)}; give each value a key of its own"
            )


def _changed_between_attempts(node: ast.Call, loop: ast.stmt) -> Iterator[ast.expr]:
    """What a loop gives another value after an attempt, or for the next one."""
    if isinstance(loop, ast.For | ast.AsyncFor):
        yield from (inner for inner in syntax.descendants(loop.target) if isinstance(inner, ast.Name))
    own = syntax.own_nodes(loop)
    after = {inner for each in own if isinstance(each, ast.ExceptHandler) for inner in syntax.own_nodes(each)}
    for each in own:
        if isinstance(each, ast.AugAssign):
            yield each.target
        elif isinstance(each, ast.Assign) and (each in after or each.lineno > (node.end_lineno or node.lineno)):
            yield from each.targets


def _before_statement(
    module: Module, statement: ast.stmt | None, edit: Edit, variables: tuple[str, ...], use: UseKey
) -> None:
    if statement is None or isinstance(module.parents[statement], ast.ClassDef):
        edit.decline("nothing can be put before the retry; make the key before it and pass it in")
    edit.unsafe(BEFORE)
    use(edit.new_variable(statement, fresh_key(edit, statement), *variables))
    _describe(edit, "one random key for all attempts")


def _describe(edit: Edit, text: str) -> None:
    edit.describe(text)
    edit.note(STORED_KEY)


def _before_nested_function(
    module: Module,
    node: ast.Call,
    function: NamedFunction,
    place: ast.AST,
    edit: Edit,
    variables: tuple[str, ...],
    use: UseKey,
) -> None:
    """Make the key in the function around, before what repeats the nested function, which sees the variable."""
    around = module.enclosing_function(function)
    uses = [
        inner
        for inner in syntax.descendants(around or module.tree)
        if isinstance(inner, ast.Name) and inner.id == function.name and isinstance(inner.ctx, ast.Load)
    ]
    if (
        len(uses) != 1
        or module.enclosing_function(place) is not around
        or module.enclosing_function(node) is not function
    ):
        edit.decline(f"{function.name} is run in several ways; let it take the key as an argument")
    require_single_request(module, node, function, edit)
    loop = isinstance(place, ast.For | ast.AsyncFor | ast.While)
    statement = place if loop else statement_to_prepare(module, uses[0])
    _before_statement(module, statement if isinstance(statement, ast.stmt) else None, edit, variables, use)


def _within_function(
    module: Module,
    retry: Retry,
    node: ast.Call,
    function: NamedFunction,
    edit: Edit,
    variables: tuple[str, ...],
    use: UseKey,
) -> None:
    """The function calls itself again, or has a decorator that does: the key has to come in from outside."""
    again = [call for source, call in callers.call_sites(module, function) or () if _is_inside(source, call, function)]
    if not again:
        _through_parameter(module, retry, node, function, edit, variables, use)
        return
    _require_parameter(module, node, function, edit)
    if any(not callers.is_direct(module, call) for call in again):
        edit.decline(f"{function.name} is run again by a queue; derive the key from an id")
    edit.unsafe("the key has to be handed from one attempt to the next")
    name = edit.free_name(node, *variables)
    edit.add_parameter(function, name)
    first = functions.below_docstring(function)
    if not first:
        edit.decline("the function has no body")
    edit.insert_before(first[0], f"if {name} is None:\n    {name} = {fresh_key(edit, first[0])}")
    for call in again:
        edit.set_keyword(call, name, name)
    use(name)
    _describe(edit, "one random key, handed on from attempt to attempt")


def _is_inside(source: Module, call: ast.Call, function: NamedFunction) -> bool:
    return function in source.ancestors(call)


def _require_parameter(module: Module, node: ast.Call, function: NamedFunction, edit: Edit) -> None:
    if function is not module.enclosing_function(node):
        edit.decline("the retry is around another function; make the key there and pass it in")
    if any(parameter.arg == VARIABLE for parameter in functions.parameters(function)):
        edit.decline(f"{function.name} has a parameter {VARIABLE} for another request; give this one a second")
    if definitions.is_overridden(module, function):
        edit.decline(f"another class of the family has a method {function.name} too; let all versions take the key")
    require_single_request(module, node, function, edit)


def _through_parameter(
    module: Module,
    retry: Retry,
    node: ast.Call,
    function: NamedFunction,
    edit: Edit,
    variables: tuple[str, ...],
    use: UseKey,
) -> None:
    """Let the callers make the key, where all of them are in sight."""
    _require_parameter(module, node, function, edit)
    if any(
        retries.is_retry_decorator(module, each) and task_decorators.is_task(module, each)
        for each in function.decorator_list
    ):
        edit.decline("a task that is tried again needs the same key: derive it from an id, or bind the task")
    advice = "add a key parameter and pass one from each caller"
    sites = callers.call_sites(module, function)
    if not sites or any(source is not module for source, _ in sites):
        edit.decline(f"not all callers of the retried function {function.name} are in this file; {advice}")
    if callers.handed_references(module, function) or callers.is_kept(module, function):
        edit.decline(f"the retried function {function.name} is handed on; {advice}")
    if any(not callers.is_direct(module, call) for _, call in sites):
        edit.decline(f"{function.name} is run elsewhere by a queue; {advice}")
    edit.unsafe("the key has to be made by the callers")
    name = edit.free_name(node, *variables)
    edit.add_parameter(function, name)
    use(name)
    for _, call in sites:
        edit.set_keyword(call, name, _key_for_call(module, retry, call, edit, variables))
    _describe(edit, "one random key for all attempts, passed by each caller")


def _key_for_call(module: Module, retry: Retry, call: ast.Call, edit: Edit, variables: tuple[str, ...]) -> str:
    """The key that a caller of the repeated function passes, made before the loop where that is what repeats it."""
    place = retry.place.node
    statement: ast.stmt | None
    if isinstance(place, ast.For | ast.AsyncFor | ast.While) and place in module.ancestors(call):
        require_single_request(module, call, place, edit)
        statement = place
    else:
        statement = statement_to_prepare(module, call)
    if statement is None:
        return fresh_key(edit, call)
    return edit.new_variable(statement, fresh_key(edit, statement), *variables)
