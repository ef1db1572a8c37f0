"""Code in which nothing that is called belongs to Stripe any more, although it reads as if."""

from __future__ import annotations

import ast

from variants.editing import (
    Code,
    Edits,
    FunctionDefinition,
    Import,
    Layout,
    Variant,
    bodies,
    body_of,
    first_line,
    imports,
    last_name,
    owner_of,
)


def _sdk_names(code: Code) -> dict[str, list[Import]]:
    """The names under which something of the SDK is imported, with the statements that do."""
    found: dict[str, list[Import]] = {}
    for statement in imports(code):
        for alias in statement.names:
            module = alias.name if isinstance(statement, ast.Import) else statement.module or ""
            if module.partition(".")[0] == "stripe":
                bound = alias.asname or (alias.name.partition(".")[0])
                found.setdefault(bound, []).append(statement)
    return found


def _imports_stand_alone(code: Code) -> bool:
    statements = [statement for group in _sdk_names(code).values() for statement in group]
    return bool(statements) and "*" not in _sdk_names(code) and all(map(code.is_alone_on_its_lines, statements))


def _rebound(code: Code) -> str:
    """Right after its import, each name is given to something else."""
    layout = Layout(code)
    for name, statements in _sdk_names(code).items():
        for statement in statements:
            assert statement.end_lineno is not None
            lines = layout.after.setdefault(statement.end_lineno, [])
            lines.append(" " * statement.col_offset + f"{name} = object()")
    return layout.result()


def _used_in_functions_only(code: Code) -> bool:
    """The SDK is imported at the top, and named only inside functions, so that these can hide it."""
    names = _sdk_names(code)
    at_top = all(code.parents[statement] is code.tree for group in names.values() for statement in group)
    return bool(names) and at_top and all(owner_of(code, use) is not None for use in _sdk_uses(code))


def _sdk_uses(code: Code) -> list[ast.Name]:
    names = _sdk_names(code)
    return [node for node in code.nodes if isinstance(node, ast.Name) and node.id in names]


def _owners(code: Code) -> dict[FunctionDefinition, list[str]]:
    found: dict[FunctionDefinition, list[str]] = {}
    for use in _sdk_uses(code):
        owner = owner_of(code, use)
        assert owner is not None
        names = found.setdefault(owner, [])
        if use.id not in names:
            names.append(use.id)
    return found


def _assigned_locally(code: Code) -> str:
    """Each function that uses the SDK first gives its names to something else."""
    layout = Layout(code)
    for function, names in _owners(code).items():
        body = body_of(function)
        line = first_line(body[0])
        layout.before[line] = [" " * body[0].col_offset + f"{' = '.join(names)} = object()"]
    return layout.result()


def _bodies_stand_alone(code: Code) -> bool:
    return _used_in_functions_only(code) and set(_owners(code)) <= {function for function, _ in bodies(code)}


def _as_parameters(code: Code) -> str:
    """Each function that uses the SDK has parameters of these names."""
    edits = Edits(code)
    for function, names in _owners(code).items():
        arguments = [*function.args.posonlyargs, *function.args.args]
        is_method = isinstance(code.parents[function], ast.ClassDef) and bool(arguments)
        if is_method and not any(last_name(each) == "staticmethod" for each in function.decorator_list):
            receiver = arguments[0]
            assert receiver.end_lineno is not None
            assert receiver.end_col_offset is not None
            edits.insert(receiver.end_lineno, receiver.end_col_offset, "".join(f", {name}" for name in names))
        else:
            line, column = _parenthesis(code, function)
            followed = arguments or function.args.vararg or function.args.kwonlyargs or function.args.kwarg
            edits.insert(line, column, ", ".join(names) + (", " if followed else ""))
    return edits.result()


def _parenthesis(code: Code, function: FunctionDefinition) -> tuple[int, int]:
    """The place after the parenthesis that begins the parameters."""
    head = code.lines[function.lineno - 1]
    return function.lineno, len(head[: head.index(f"{function.name}(") + len(function.name) + 1].encode())


VARIANTS = (
    Variant("rebound", _rebound, _imports_stand_alone),
    Variant("assigned_locally", _assigned_locally, _bodies_stand_alone),
    Variant("parameter", _as_parameters, _used_in_functions_only),
)
"""No finding about a request is left in these."""
