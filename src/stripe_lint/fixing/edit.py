"""What a rule's ``fix`` writes its repair into. Nothing is changed here; the records say what is to be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from stripe_lint.analysis import module_names
from stripe_lint.errors import Declined, UnsafeOnly
from stripe_lint.fixing import edits
from stripe_lint.fixing.imports import first_below_imports
from stripe_lint.fixing.places import places_of

if TYPE_CHECKING:
    from stripe_lint.analysis.module import Module
    from stripe_lint.comments import Comment
    from stripe_lint.fixing.edits import AnyEdit
    from stripe_lint.fixing.options import Options


class Repair(NamedTuple):
    """What repairs one finding. ``unsafe`` tells that it may change what a correct program does.

    ``description`` says what was done, ``notes`` what the user should know about all such repairs. ``leaves`` is the
    milder message that the rule has for the same place afterwards, where the repair is only a part of what is to do.
    """

    edits: tuple[AnyEdit, ...]
    unsafe: bool
    description: str
    notes: tuple[str, ...]
    leaves: str | None = None


class Edit:
    """Records the repair of one finding in one module.

    Nodes are those of the module's tree, sources are Python expressions or statements without indentation. Whatever a
    method can't do raises ``Declined``, which the user is told.
    """

    def __init__(
        self,
        module: Module,
        options: Options,
        taken: set[tuple[ast.AST | None, str]],
        guarding: frozenset[str] = frozenset(),
    ) -> None:
        """An empty repair.

        ``taken`` are the names that other repairs of this round give to something new, ``guarding`` the codes of the
        rules that may find nothing new afterwards.
        """
        self.module = module
        self.options = options
        self.guarding = guarding
        self._taken = taken
        self._reserved: set[tuple[ast.AST | None, str]] = set()
        self._edits: list[AnyEdit] = []
        self._description = ""
        self._notes: list[str] = []
        self._unsafe = False
        self._leaves: str | None = None

    def finish(self) -> Repair:
        """The repair; the names that it uses are taken from now on."""
        if not self._edits:
            raise Declined("no edit repairs it here")
        self._taken |= self._reserved
        return Repair(
            tuple(dict.fromkeys(self._edits)), self._unsafe, self._description, tuple(self._notes), self._leaves
        )

    def decline(self, reason: str) -> NoReturn:
        """Leave the finding as it is. ``reason`` follows ``not fixed:``."""
        raise Declined(reason)

    def unsafe(self, reason: str) -> None:
        """State that this repair may change what a correct program does. Declines unless the user asked for such."""
        if not self.options.unsafe:
            raise UnsafeOnly(reason)
        self._unsafe = True

    def describe(self, text: str) -> None:
        """Say in a few words what the repair does; they follow ``fixed:``."""
        self._description = text

    def note(self, text: str) -> None:
        """Tell the user a sentence about repairs of this kind; the report has each once."""
        self._notes.append(text)

    def leaves(self, message: str) -> None:
        """State that the rule will still find something here, with this message and less severe. Nothing else may."""
        self._leaves = message

    def source_of(self, node: ast.expr) -> str:
        """The text of an expression, on one line if it is, without the parentheses around it."""
        if not hasattr(node, "end_lineno"):
            return ast.unparse(node)
        places = places_of(self.module)
        return places.text[places.start_of(node) : places.end_of(node)]

    def replace(self, node: ast.expr, source: str) -> None:
        """Put the expression ``source`` where ``node`` stands; parentheses are kept, or added where needed."""
        self._record(edits.Replace(node, source))

    def set_keyword(self, call: ast.Call, name: str, source: str) -> None:
        """Pass ``source`` as the keyword ``name``: a new argument, or another value for the one that is there."""
        self._record(edits.SetKeyword(call, name, source))

    def remove_keyword(self, call: ast.Call, name: str) -> None:
        """Pass the keyword ``name`` no more."""
        self._record(edits.RemoveKeyword(call, name))

    def add_argument(self, call: ast.Call, source: str) -> None:
        """Pass one more positional argument, behind the last."""
        self._record(edits.AddArgument(call, source))

    def remove_argument(self, call: ast.Call, number: int) -> None:
        """Pass the positional argument ``number``, counted from 0, no more."""
        self._record(edits.RemoveArgument(call, number))

    def remove_entry(self, node: ast.Dict, key: str) -> None:
        """Take the entry ``key`` out of a written-out dict."""
        self._record(edits.RemoveEntry(node, key))

    def set_entry(self, node: ast.Dict, key: str, source: str) -> None:
        """Give a written-out dict the entry ``key``: a new one, or another value for the one that is there."""
        self._record(edits.SetEntry(node, key, source))

    def add_parameter(self, function: edits.FunctionDefinition, name: str, default: str = "None") -> None:
        """Give a function a keyword-only parameter."""
        self._record(edits.AddParameter(function, name, default))

    def add_first_parameter(self, function: edits.FunctionDefinition, name: str, annotation: str) -> None:
        """Give a function a first parameter (behind ``self``) that a framework fills by its type."""
        self._record(edits.AddFirstParameter(function, name, annotation))

    def insert_before(self, statement: ast.stmt, source: str, *, above_comments: bool = False) -> None:
        """Run the statements ``source`` right before ``statement``, in the same block.

        With ``above_comments`` they stand above the comments that head it: for what has nothing to do with it.
        """
        self._record(edits.InsertBefore(statement, source, above_comments))

    def insert_after(self, statement: ast.stmt, source: str) -> None:
        """Run the statements ``source`` right after ``statement``, in the same block."""
        self._record(edits.InsertAfter(statement, source))

    def replace_statement(self, statement: ast.stmt, source: str) -> None:
        """Put the statements ``source`` where ``statement`` stands."""
        self._record(edits.ReplaceStatement(statement, source))

    def remove_statement(self, statement: ast.stmt) -> None:
        """Take ``statement`` out; a block that would be empty gets a ``pass``."""
        self._record(edits.RemoveStatement(statement))

    def remove_exception_name(self, handler: ast.ExceptHandler) -> None:
        """Take the ``as name`` from an ``except``."""
        self._record(edits.RemoveExceptionName(handler))

    def rewrite_comment(self, comment: Comment, text: str) -> None:
        """Write ``text`` in place of a comment; if it is empty, take the comment out, with its line if it is alone.

        This is the only way in which a comment can go.
        """
        self._record(edits.RewriteComment(comment, text))

    def move_before(self, statement: ast.stmt, target: ast.stmt) -> None:
        """Take ``statement``, with the comments that belong to it, to the place right before ``target``."""
        self._record(edits.MoveBefore(statement, target))

    def move_after(self, statement: ast.stmt, target: ast.stmt) -> None:
        """Take ``statement``, with the comments that belong to it, to the place right after ``target``."""
        self._record(edits.MoveAfter(statement, target))

    def move_to_else(self, statement: ast.stmt, target: ast.If) -> None:
        """Take ``statement``, with the comments that belong to it, into an ``else`` that ``target`` does not have."""
        self._record(edits.MoveToElse(statement, target))

    def new_variable(self, statement: ast.stmt, source: str, *candidates: str) -> str:
        """Assign ``source`` to a new variable right before ``statement``, and say what it is called.

        The name is the first of ``candidates`` that nothing around uses, or the last one with a number.
        """
        name = self.free_name(statement, *candidates)
        self.insert_before(statement, f"{name} = {source}")
        return name

    def free_name(self, at: ast.AST, *candidates: str) -> str:
        """The first of ``candidates``, or the last one with a number, that could be a new local variable at ``at``."""
        function = self.module.enclosing_function(at)
        numbered = (f"{candidates[-1]}_{number}" for number in range(2, 1000))
        for name in (*candidates, *numbered):
            if module_names.is_free(self.module, name, at) and (function, name) not in self._taken | self._reserved:
                self._reserved.add((function, name))
                return name
        raise Declined("every name is taken")

    def name_of(self, dotted: str, at: ast.AST) -> str:
        """How to write ``dotted`` (``uuid.uuid4``) at ``at``: by an import that is there, else by a new one."""
        existing = module_names.existing_name(self.module, dotted, at)
        if existing is not None:
            return existing
        module_name, _, tail = dotted.rpartition(".")
        plain = module_name.replace(".", "_")
        alias = next(
            name
            for name in (module_name, f"{plain}_module", f"_{plain}")
            if name != module_name or not module_names.may_be_starred(self.module, name.partition(".")[0])
            if module_names.is_free_everywhere(self.module, name.partition(".")[0], module_name)
            or module_names.is_imported_elsewhere(self.module, name, module_name, at)
        )
        self._record(edits.AddImport(module_name, alias))
        return f"{alias}.{tail}"

    def imported(self, dotted: str, at: ast.AST) -> str:
        """As ``name_of``, but a new import is written as ``from … import`` where its name is free."""
        module_name, _, member = dotted.rpartition(".")
        existing = module_names.existing_name(self.module, dotted, at)
        if existing is not None:
            return existing
        if not module_names.is_free_everywhere(self.module, member):
            return self.name_of(dotted, at)
        self._record(edits.AddImportFrom(module_name, member))
        return member

    def logger(self, at: ast.AST) -> str:
        """The name of the file's logger, which is made where there is none."""
        existing = module_names.module_logger(self.module, at)
        if existing is not None:
            return existing
        name = next(
            name
            for name in ("logger", "log", "_logger", "stripe_logger")
            if module_names.is_free_everywhere(self.module, name)
        )
        get_logger = self.name_of("logging.getLogger", first_below_imports(self.module.tree))
        self._record(edits.AddLogger(name, get_logger))
        return name

    def _record(self, edit: AnyEdit) -> None:
        self._edits.append(edit)
