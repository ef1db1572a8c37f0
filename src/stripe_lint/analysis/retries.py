"""Finds what repeats a request after a failure: loops, decorators, task queues, recursion, and callers that do so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.analysis import (
    callers,
    control_flow,
    conventions,
    functions,
    guards,
    handler_parameters,
    handlers,
    keys,
    names,
    runners,
    stripe_calls,
    syntax,
    verifiers,
    webhook_handlers,
)
from stripe_lint.analysis.control_flow import FlowNode, Graph, graph_of
from stripe_lint.analysis.references import ClassReference, External, ExternalInstance, FunctionReference
from stripe_lint.analysis.state import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stripe_lint.analysis.module import Module
    from stripe_lint.analysis.scopes import FunctionNode, NamedFunction

Loop = ast.For | ast.AsyncFor | ast.While

FARTHEST_CALLER: Final = 2
"""How many calls up a retry is looked for."""

_MOST_ENTERED: Final = 4
"""Through how many functions it is followed what becomes of a function that is handed on."""

_NOTHING: Final[frozenset[ast.AST]] = frozenset()

_RETRYING_DECORATORS: Final = frozenset(
    {"tenacity.retry", "backoff.on_exception", "backoff.on_predicate", "retry.retry", "retrying.retry", "stamina.retry"}
    | {
        "retry.api.retry",
        "tenacity.retry.retry",
        "retry2.retry",
        "opnieuw.retry",
        "opnieuw.retry_async",
        "aioretry.retry",
    }
    | {"google.api_core.retry.Retry", "urllib3.util.retry.Retry", "riprova.retry", "pyretry.retry", "redo.retriable"}
)
_RETRYING_ITERATORS: Final = frozenset(
    {"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context", "redo.retrier", "tenacity.retry_base"}
)
_RETRYING_CALLS: Final = frozenset(
    {"retry.api.retry_call", "retry.retry_call", "redo.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"}
)
_TASK_OPTIONS: Final = frozenset(
    {"autoretry_for", "retry_backoff", "retries", "retry", "max_retries", "retry_when", "retry_on_error"}
)
_TASK_DECORATORS: Final = frozenset({"task", "shared_task", "actor", "job", "periodic_task", "db_task"})


class Retry(NamedTuple):
    """Something that repeats a request: its place, a few words for it, and the code that runs again.

    ``repeated`` is the loop or the function whose body each attempt runs.
    """

    place: Place
    words: str
    repeated: ast.AST


def retry_around(
    module: Module,
    node: ast.AST,
    distance: int = 0,
    seen: frozenset[ast.AST] = _NOTHING,
    entered: frozenset[ast.AST] = _NOTHING,
) -> Retry | None:
    """What repeats the request sent at ``node``, in its function, around it, or in a function that calls it.

    ``seen`` are the functions from whose calls the search came here, ``entered`` those that were looked into for
    whether they repeat what they are given.
    """
    function = module.enclosing_function(node)
    for loop in loops_around(module, node, function):
        if is_retry_loop(module, loop, node):
            return Retry(Place(module, loop), "this loop repeats the request", loop)
    while isinstance(function, ast.Lambda):
        handed = handed_to_retry(module, function, entered)
        if handed is not None:
            return handed
        function = module.enclosing_function(function)
    if function is None or function in seen:
        return None
    found = _function_retry(module, function, node, entered)
    if found is not None:
        return found
    outer = module.enclosing_function(function)
    if outer is not None and isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
        nested = _nested_use(module, function, outer, entered)
        if nested is not None:
            return nested
    if distance >= FARTHEST_CALLER:
        return None
    return _caller_retry(module, function, distance, seen | {function})


def loops_around(module: Module, node: ast.AST, function: FunctionNode | None) -> Iterator[Loop]:
    """The loops of ``function``, or of the module, that repeat ``node``, innermost first: not what one goes through."""
    child = node
    for around in module.ancestors(node):
        if around is function:
            return
        if isinstance(around, ast.For | ast.AsyncFor | ast.While) and getattr(around, "iter", None) is not child:
            yield around
        child = around


def is_retry_loop(module: Module, loop: Loop, node: ast.AST, key: ast.expr | None = None) -> bool:
    """Whether ``loop`` sends the request at ``node`` again after a failure and is left after a success.

    ``key`` is the argument that holds the key where ``node`` calls a function that sends the request.
    """
    if isinstance(loop, ast.For | ast.AsyncFor):
        if _iterates_attempts(module, loop.iter):
            return True
        if _uses_item(loop, node, key):
            return False
    function = module.enclosing_function(loop)
    graph = graph_of(module, function) if function is not None else _module_graph(module)
    starting = _nodes_of(module, graph, node, loop)
    if not starting:
        return False
    failed = [each.raising for each in starting]
    succeeded = [following for each in starting for following in (each.following, each.otherwise)]
    items = _items_within(module, loop, node, key)
    if not _leads_to(failed, starting, loop, items):
        return False
    if not _leads_to(succeeded, starting, loop, items):
        return True
    return isinstance(loop, ast.While) and _sets_flag(loop, module.statement_of(node))


def _iterates_attempts(module: Module, iterable: ast.expr) -> bool:
    reference = names.resolve(module, iterable)
    return (isinstance(reference, ExternalInstance | External) and reference.path in _RETRYING_ITERATORS) or (
        isinstance(iterable, ast.Call) and names.dotted_path(module, iterable.func) in _RETRYING_ITERATORS
    )


def _module_graph(module: Module) -> Graph:
    known = module.memory.get("module graph")
    if not isinstance(known, Graph):
        known = control_flow.build_block(module.tree.body)
        module.memory["module graph"] = known
    return known


def _nodes_of(module: Module, graph: Graph, node: ast.AST, loop: Loop) -> list[FlowNode]:
    current: ast.AST | None = node
    while current is not None and current is not loop:
        found = graph.at.get(current)
        if found:
            return found
        current = module.parents.get(current)
    return []


def loop_that_repeats_items(module: Module, node: ast.AST) -> ast.While | None:
    """The ``while`` that sends the request at ``node`` again after a failure, and after a success one for another item.

    The item is a variable that the request is made of: only the way from a success back to the request sets it anew.
    """
    call = node if isinstance(node, ast.Call) else None
    parts = (*call.args, *(keyword.value for keyword in call.keywords)) if call is not None else ()
    items = {inner.id for part in parts for inner in syntax.descendants(part) if isinstance(inner, ast.Name)}
    function = module.enclosing_function(node)
    graph = graph_of(module, function) if function is not None else _module_graph(module)
    for loop in loops_around(module, node, function):
        starting = _nodes_of(module, graph, node, loop)
        setting = {each for each in syntax.descendants(loop) if _sets(each, items)}
        failed = [each.raising for each in starting]
        succeeded = [following for each in starting for following in (each.following, each.otherwise)]
        if (
            isinstance(loop, ast.While)
            and setting
            and _leads_to(failed, starting, loop, None, setting)
            and not _leads_to(succeeded, starting, loop, None, setting)
        ):
            return loop
    return None


def _sets(node: ast.AST, variables: set[str]) -> bool:
    """Whether a statement gives one of the variables another value."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return _mentions(node.target, variables)
    if isinstance(node, ast.Assign):
        return any(_mentions(target, variables) for target in node.targets)
    return isinstance(node, ast.AnnAssign | ast.AugAssign) and _mentions(node.target, variables)


def _mentions(target: ast.expr, variables: set[str]) -> bool:
    stored = (each for each in syntax.descendants(target) if isinstance(each, ast.Name))
    return any(each.id in variables and isinstance(each.ctx, ast.Store) for each in stored)


def _items_within(module: Module, loop: Loop, node: ast.AST, key: ast.expr | None) -> Loop | None:
    """The outermost loop within ``loop`` that sends a request of its own for each of its items."""
    found = None
    for around in loops_around(module, node, module.enclosing_function(loop)):
        if around is loop:
            return found
        if isinstance(around, ast.For | ast.AsyncFor) and _uses_item(around, node, key):
            found = around
    return found


def _leads_to(
    following: list[FlowNode | None],
    wanted: list[FlowNode],
    loop: Loop,
    items: Loop | None,
    past: Collection[ast.AST] = (),
) -> bool:
    """Whether ``loop`` can get from ``following`` to a node of ``wanted`` again while nothing else fails.

    What the loop ``items``, which the nodes are in, does for its next item is another request. No way goes through a
    statement of ``past``.
    """
    pending = [node for node in following if node is not None]
    if items is not None:
        pending = _past_items(pending, items)
    inside = set(syntax.descendants(loop)).difference(past)
    reached: set[FlowNode] = set()
    while pending:
        node = pending.pop()
        if node in reached or node.syntax not in inside:
            continue
        if node in wanted:
            return True
        reached.add(node)
        pending.extend(control_flow.successors(node, exceptions=False))
    return False


def _past_items(pending: list[FlowNode], items: Loop) -> list[FlowNode]:
    """Where the flow from nodes within the loop ``items`` leaves it, without another round of it."""
    inside = set(syntax.descendants(items))
    left: list[FlowNode] = []
    reached: set[FlowNode] = set()
    while pending:
        node = pending.pop()
        if node in reached:
            continue
        reached.add(node)
        if node.syntax is items:
            left.extend([node.otherwise] if node.otherwise is not None else [])
        elif node.syntax in inside:
            pending.extend(control_flow.successors(node, exceptions=False))
        else:
            left.append(node)
    return left


def _sets_flag(loop: ast.While, statement: ast.stmt) -> bool:
    """Whether the loop ends because of a name that is set after the request."""
    tested = syntax.names_in(loop.test)
    for node in syntax.own_nodes(loop):
        if (
            isinstance(node, ast.Assign)
            and node.lineno >= statement.lineno
            and isinstance(node.value, ast.Constant)
            and any(isinstance(target, ast.Name) and target.id in tested for target in node.targets)
        ):
            return True
        if (
            node is statement
            and isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id in tested for target in statement.targets)
        ):
            return True
    return False


def _uses_item(loop: ast.For | ast.AsyncFor, node: ast.AST, key: ast.expr | None) -> bool:
    """Whether the request depends on the item of a loop over items."""
    items = syntax.names_in(loop.target)
    for inner in syntax.own_nodes(loop):
        if isinstance(inner, ast.Assign) and syntax.names_in(inner.value) & items:
            items |= {
                target.id for target in inner.targets if isinstance(target, ast.Name) and not _is_key_name(target.id)
            }
        elif isinstance(inner, ast.For | ast.AsyncFor | ast.comprehension) and syntax.names_in(inner.iter) & items:
            items |= syntax.names_in(inner.target)
    call = node if isinstance(node, ast.Call) else None
    if call is None:
        return False
    parts: list[ast.AST] = list(call.args)
    parts += [keyword.value for keyword in call.keywords if keyword.arg not in {keys.KEY, "options"}]
    return any(syntax.names_in(part) & items for part in parts if part is not key)


def _is_key_name(name: str) -> bool:
    return "key" in name.lower() or "idempot" in name.lower()


def _function_retry(
    module: Module, function: NamedFunction, node: ast.AST, entered: frozenset[ast.AST]
) -> Retry | None:
    """What repeats the whole function: a decorator, a task queue, a call of itself after a failure."""
    for decorator in function.decorator_list:
        if is_retry_decorator(module, decorator, entered):
            return Retry(Place(module, decorator), "this decorator repeats the function", function)
    owner = module.enclosing_class(function)
    option = _retrying_option(owner) if owner is not None and function.name == "run" else None
    if option is not None:
        return Retry(Place(module, option), "the task is tried again after these errors", function)
    for call in module.calls.get("retry", ()):
        if module.enclosing_function(call) is function and _answers_failure_of(module, call, node):
            return Retry(Place(module, call), "the task is tried again here", function)
    for call in module.calls.get(function.name, ()):
        if (
            module.enclosing_function(call) is function
            and _answers_failure_of(module, call, node)
            and _same_function(module, call, function)
        ):
            return Retry(Place(module, call), "the function calls itself again here", function)
    return None


def _retrying_option(owner: ast.ClassDef) -> ast.stmt | None:
    """Where the class of a Celery task says after which errors its ``run`` is tried again."""
    if not any((functions.last_name(base) or "").endswith("Task") for base in owner.bases):
        return None
    for statement in owner.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "autoretry_for" for target in statement.targets
        ):
            return statement if getattr(statement.value, "elts", True) else None
    return None


def is_retried_task(owner: ast.ClassDef) -> bool:
    """Whether a class is a Celery task that says after which errors it is tried again."""
    return _retrying_option(owner) is not None


def other_attempt(module: Module, node: ast.Call) -> ast.Call | None:
    """The same call, where one of the two stands in a ``try`` and the other in one of its ``except``."""
    written = ast.dump(node)
    for other in module.calls.get(functions.last_name(node.func) or "", ()):
        if (
            other is not node
            and ast.dump(other) == written
            and (_answers_failure_of(module, other, node) or _answers_failure_of(module, node, other))
        ):
            return other
    return None


def _same_function(module: Module, call: ast.Call, function: NamedFunction) -> bool:
    reference = names.resolve(module, call.func)
    return isinstance(reference, FunctionReference) and reference.node is function


def _answers_failure_of(module: Module, call: ast.Call, node: ast.AST) -> bool:
    """Whether ``call`` stands in an ``except`` of a ``try`` whose body holds ``node``."""
    inside = set(module.ancestors(node))
    for around in module.ancestors(call):
        if isinstance(around, ast.ExceptHandler):
            attempt = module.parents[around]
            if (
                isinstance(attempt, ast.Try)
                and attempt in inside
                and any(statement is node or statement in inside for statement in attempt.body)
            ):
                return True
    return False


def is_retry_decorator(module: Module, decorator: ast.expr, entered: frozenset[ast.AST] = _NOTHING) -> bool:
    """Whether a decorator runs the function again after a failure; ``entered`` is what ``retry_around`` says."""
    if isinstance(decorator, ast.Name | ast.Attribute):
        source, made = names.assigned_expression(module, decorator)
        if made is not decorator and isinstance(made, ast.Call):
            return is_retry_decorator(source, made, entered)
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    reference = names.resolve(module, target)
    if conventions.is_one_of(module.project.conventions.retry_decorators, target, reference):
        return True
    if isinstance(reference, FunctionReference):
        return _wraps_in_retry(reference, entered)
    if isinstance(reference, ClassReference):
        return False
    name = _decorator_name(module, target)
    if isinstance(reference, External) and reference.path == "dramatiq.actor" and not isinstance(decorator, ast.Call):
        return True
    if isinstance(decorator, ast.Call) and name in _TASK_DECORATORS:
        return any(
            keyword.arg in _TASK_OPTIONS and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
            for keyword in decorator.keywords
            if keyword.arg != "max_retries" or name == "actor"
        )
    if isinstance(reference, External):
        if reference.path in _RETRYING_DECORATORS:
            return True
        return reference.path.startswith(("tenacity.", "backoff.", "retry", "stamina.")) or name == "retry"
    inner = decorator.func if isinstance(decorator, ast.Call) else None
    if isinstance(inner, ast.Attribute) and inner.attr == "wraps":
        return False
    instance = names.resolve(module, decorator)
    return isinstance(instance, ExternalInstance) and instance.path in _RETRYING_CALLS


def _wraps_in_retry(reference: FunctionReference, entered: frozenset[ast.AST]) -> bool:
    """Whether a decorator of the project, or one that a function of the project gives, repeats what it decorates."""
    if isinstance(reference.node, ast.Lambda) or not _may_enter(reference, entered):
        return False
    entered = entered | {reference.node}
    wrapper = guards.wrapper_of(reference.module, reference.node)
    if wrapper is None:
        returned = reference.module.returns.get(reference.node, ())
        return any(
            isinstance(statement.value, ast.Call) and is_retry_decorator(reference.module, statement.value, entered)
            for statement in returned
            if statement.value is not None
        )
    for inner in syntax.own_nodes(wrapper.node):
        if isinstance(inner, ast.Call) and functions.last_name(inner.func) == wrapper.wrapped:
            for loop in loops_around(wrapper.module, inner, wrapper.node):
                if is_retry_loop(wrapper.module, loop, inner):
                    return True
            if _function_retry(wrapper.module, wrapper.node, inner, entered) is not None:
                return True
            if _answers_failure_anywhere(wrapper.module, wrapper.node, inner):
                return True
    return False


def _may_enter(reference: FunctionReference, entered: frozenset[ast.AST]) -> bool:
    return reference.node not in entered and len(entered) < _MOST_ENTERED


def _answers_failure_anywhere(module: Module, function: NamedFunction, node: ast.Call) -> bool:
    return any(
        other is not node
        and isinstance(other, ast.Call)
        and ast.dump(other.func) == ast.dump(node.func)
        and _answers_failure_of(module, other, node)
        for other in syntax.own_nodes(function)
    )


def handed_to_retry(module: Module, function: ast.AST, entered: frozenset[ast.AST] = _NOTHING) -> Retry | None:
    """A function or lambda that is an argument of something that calls it again after a failure.

    ``entered`` is what ``retry_around`` says.
    """
    parent = module.parents.get(function)
    call = module.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    return _retrying_call(module, call, function, entered) if isinstance(call, ast.Call) else None


def _retrying_call(module: Module, call: ast.Call, argument: ast.AST, entered: frozenset[ast.AST]) -> Retry | None:
    reference = names.resolve(module, call.func)
    place = Place(module, call)
    if conventions.is_one_of(module.project.conventions.retry_decorators, call.func, reference):
        return Retry(place, "this call repeats the function it is given", argument)
    if isinstance(reference, External):
        name = reference.path.rpartition(".")[2]
        if reference.path in _RETRYING_CALLS or reference.path in _RETRYING_DECORATORS or "retry" in name.lower():
            return Retry(place, "this call repeats the function it is given", argument)
    if isinstance(reference, ExternalInstance) and reference.path in _RETRYING_CALLS:
        return Retry(place, "this call repeats the function it is given", argument)
    if (
        isinstance(reference, FunctionReference)
        and not isinstance(reference.node, ast.Lambda)
        and (_repeats_argument(reference, call, argument, entered) or _wraps_in_retry(reference, entered))
    ):
        return Retry(place, "this call repeats the function it is given", argument)
    if reference is None and isinstance(call.func, ast.Call):
        return _retrying_call(module, call.func, argument, entered)
    return None


def _repeats_argument(
    reference: FunctionReference, call: ast.Call, argument: ast.AST, entered: frozenset[ast.AST]
) -> bool:
    """Whether a function of the project runs again, after a failure, what ``call`` gives it as ``argument``."""
    if not _may_enter(reference, entered):
        return False
    module, entered = reference.module, entered | {reference.node}
    return any(
        (_runs(module, inner, parameter, entered) and retry_around(module, inner, FARTHEST_CALLER, entered=entered))
        or any(_retrying_call(module, inner, each, entered) is not None for each in _given(inner, parameter))
        for parameter in callers.parameters_for(module, reference.node, call, argument)
        for inner in module.calls_within(reference.node)
    )


def _given(call: ast.Call, parameter: str) -> list[ast.expr]:
    """The arguments with which ``call`` hands ``parameter`` on."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [each for each in arguments if isinstance(each, ast.Name) and each.id == parameter]


def _runs(module: Module, call: ast.Call, parameter: str, entered: frozenset[ast.AST]) -> bool:
    """Whether ``call`` calls the function that ``parameter`` holds, in a thread or through functions of the project."""
    if functions.last_name(call.func) == parameter:
        return True
    given = _given(call, parameter)
    if not given:
        return False
    if functions.last_name(call.func) in runners.AT_ONCE:
        return True
    reference = names.resolve(module, call.func)
    if not isinstance(reference, FunctionReference) or not _may_enter(reference, entered):
        return False
    source, entered = reference.module, entered | {reference.node}
    return any(
        _runs(source, inner, handed, entered)
        for handed in callers.parameters_for(source, reference.node, call, given[0])
        for inner in source.calls_of.get(reference.node, ())
    )


def _nested_use(
    module: Module, function: NamedFunction, outer: NamedFunction, entered: frozenset[ast.AST]
) -> Retry | None:
    for node in syntax.own_nodes(outer):
        if isinstance(node, ast.Name) and node.id == function.name and isinstance(node.ctx, ast.Load):
            parent = module.parents.get(node)
            if isinstance(parent, ast.Call) and parent.func is not node:
                found = _retrying_call(module, parent, node, entered)
                if found is not None:
                    return Retry(found.place, found.words, function)
            if isinstance(parent, ast.Call) and parent.func is node:
                found = _loop_retry(module, parent, function)
                if found is not None:
                    return found
    return None


def _loop_retry(module: Module, call: ast.Call, function: NamedFunction) -> Retry | None:
    for loop in loops_around(module, call, module.enclosing_function(call)):
        if is_retry_loop(module, loop, call):
            return Retry(Place(module, loop), "this loop repeats the call", function)
    return None


def _caller_retry(module: Module, function: NamedFunction, distance: int, seen: frozenset[ast.AST]) -> Retry | None:
    for source, call in callers.call_sites(module, function) or ():
        if not callers.is_direct(source, call):
            continue
        found = retry_around(source, call, distance + 1, seen)
        if found is not None:
            return Retry(found.place, found.words, function)
    for source, reference in callers.handed_references(module, function):
        found = handed_to_retry(source, reference)
        if found is not None:
            return Retry(found.place, found.words, function)
    return None


def redelivery_around(
    module: Module, node: ast.AST, distance: int = 0, seen: frozenset[ast.AST] = frozenset()
) -> Place | None:
    """The webhook handler, or the task that is delivered again, in which the request is sent."""
    function = module.enclosing_function(node)
    while isinstance(function, ast.Lambda) or (
        function is not None
        and not function.decorator_list
        and not handlers.takes_request(module, function)
        and isinstance(module.enclosing_function(function), ast.FunctionDef | ast.AsyncFunctionDef)
    ):
        function = module.enclosing_function(function)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function in seen:
        return None
    if _is_late_task(module, function):
        return Place(module, function)
    if _receives_events(function):
        return Place(module, function)
    if handlers.takes_request(module, function):
        is_delivered = _verifies_body(module, function) or webhook_handlers.receives_events(module, function)
        return Place(module, function) if is_delivered else None
    if guards.verified_by_unseen_decorator(module, function):
        return Place(module, function)
    if distance >= FARTHEST_CALLER + 1:
        return None
    for source, call in callers.call_sites(module, function) or ():
        found = redelivery_around(source, call, distance + 1, seen | {function})
        if found is not None:
            return found
    return None


def _receives_events(function: NamedFunction) -> bool:
    """Whether dj-stripe calls the function with each delivery of an event."""
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        chain = functions.attribute_chain(target)
        if chain is not None and (chain[-1] == "djstripe_receiver" or chain[-2:] == ["webhooks", "handler"]):
            return True
    return False


def _verifies_body(module: Module, function: NamedFunction) -> bool:
    """Whether a handler verifies the body that it reads, itself or through a dependency or decorator."""
    if any(stripe_calls.call_verifies(module, call) for call in module.calls_within(function)):
        return verifiers.reads_body(module, function) or bool(function.args.args)
    for parameter in functions.parameters(function):
        dependency = handler_parameters.dependency_of_parameter(module, function, parameter)
        if isinstance(dependency, FunctionReference) and any(
            stripe_calls.call_verifies(dependency.module, call)
            for call in dependency.module.calls_within(dependency.node)
        ):
            return True
    return any(
        stripe_calls.call_verifies(wrapper.module, call)
        for wrapper in guards.wrappers(module, function)
        for call in wrapper.module.calls_within(wrapper.node)
    )


def _decorator_name(module: Module, target: ast.expr) -> str:
    """The name of a decorator where it is defined, whatever it is called here."""
    path = names.dotted_path(module, target)
    return path.rpartition(".")[2] if path is not None else functions.last_name(target) or ""


def is_task(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator makes a task of a queue."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _decorator_name(module, target) in _TASK_DECORATORS


def _is_late_task(module: Module, function: NamedFunction) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and is_task(module, decorator)
        and any(
            keyword.arg in {"acks_late", "reject_on_worker_lost"}
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
            for keyword in decorator.keywords
        )
        for decorator in function.decorator_list
    )
