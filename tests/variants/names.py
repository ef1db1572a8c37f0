"""The same code with other names for what it imports."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from variants.editing import Code, Edits, Import, Variant, imports

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = frozenset(
    {"asyncio", "base64", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib", "hmac", "itertools"}
    | {"json", "logging", "os", "random", "secrets", "sys", "time", "traceback", "typing", "uuid"}
    | {"aiohttp", "aws_lambda_powertools", "azure", "bottle", "chalice", "django", "falcon", "fastapi", "flask"}
    | {"functions_framework", "litestar", "ninja", "pydantic", "pyramid", "quart", "rest_framework", "sanic"}
    | {"starlette", "tornado", "werkzeug"}
    | {"backoff", "celery", "dramatiq", "huey", "requests", "retry", "retrying", "rq", "stamina", "tenacity"}
)
"""The modules from outside whose names a fixture may give other names to, apart from ``stripe``."""


def _renames(code: Code, *, sdk: bool) -> dict[str, str]:
    """New names for what is imported from ``stripe``, or else from other libraries."""
    aliases = [alias for each in imports(code) for alias in each.names if _is_renamable(each, alias, sdk)]
    elsewhere = {name for name, node in _bindings(code) if node not in aliases} | _quoted_words(code)
    names = {alias.asname or alias.name for alias in aliases} - elsewhere
    if sdk:
        return {name: "payments_sdk" if name == "stripe" else f"{name}FromSdk" for name in names}
    return {name: f"{name}_as_imported" for name in names}


def _is_renamable(statement: Import, alias: ast.alias, sdk: bool) -> bool:
    module = alias.name if isinstance(statement, ast.Import) else statement.module or ""
    top = module.partition(".")[0]
    if (top != "stripe") if sdk else (top not in LIBRARIES):
        return False
    if isinstance(statement, ast.Import):
        # ``import a.b`` binds ``a`` and could not be written with another name for it
        return alias.asname is not None or "." not in alias.name
    return statement.level == 0 and alias.name != "*"


def _bindings(code: Code) -> Iterator[tuple[str, ast.AST]]:
    """Every name that something binds or declares, with the syntax that does it."""
    for node in code.nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, node
        elif isinstance(node, ast.arg):
            yield node.arg, node
        elif isinstance(node, _NAMED):
            if node.name is not None:
                yield node.name, node
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            yield node.rest, node
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from ((name, node) for name in node.names)
        elif isinstance(node, ast.alias) and (node.asname or "." not in node.name):
            yield node.asname or node.name, node


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


def _quoted_words(code: Code) -> set[str]:
    """Words of the strings in annotations: names may hide there."""
    annotations = [
        annotation
        for node in code.nodes
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(annotation, ast.AST)
    ]
    return {
        word
        for annotation in annotations
        for node in ast.walk(annotation)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in re.findall(r"\w+", node.value)
    }


def _renamed(code: Code, *, sdk: bool) -> str:
    names = _renames(code, sdk=sdk)
    edits = Edits(code)
    for statement in imports(code):
        for alias in statement.names:
            bound = alias.asname or alias.name
            if bound in names and _is_renamable(statement, alias, sdk):
                assert alias.end_col_offset is not None
                edits.replace(alias.lineno, alias.col_offset, alias.end_col_offset, f"{alias.name} as {names[bound]}")
    for node in code.nodes:
        if isinstance(node, ast.Name) and node.id in names:
            assert node.end_col_offset is not None
            edits.replace(node.lineno, node.col_offset, node.end_col_offset, names[node.id])
    renamed = Code(edits.result())
    assert not any(isinstance(node, ast.Name) and node.id in names for node in renamed.nodes)
    return renamed.text


def _sdk_can_be_renamed(code: Code) -> bool:
    names = set(_renames(code, sdk=True))
    return bool(names) and not names & code.fstring_names


def _libraries_can_be_renamed(code: Code) -> bool:
    names = set(_renames(code, sdk=False))
    return bool(names) and not names & code.fstring_names


VARIANTS = (
    Variant("sdk_renamed", lambda code: _renamed(code, sdk=True), _sdk_can_be_renamed, keeps_text=False),
    Variant("libraries_renamed", lambda code: _renamed(code, sdk=False), _libraries_can_be_renamed, keeps_text=False),
)
"""These keep the findings of every rule."""
