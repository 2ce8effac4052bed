"""Take functions out of notebook cells, by name.

Of all top-level statements only those run that the wanted functions need: what binds a name they
use, or changes a thing they use, and so on for these; also through a helper that is called for its
effect. Tests, plots and experiments are left alone. Tags, ids, outputs and metadata never come
here. Where a name is bound twice the later one wins, as in a notebook run from top to bottom; but
what stands below an exercise's last check(), and is not of it, changes nothing that was checked.
"""

import __future__

import ast
import builtins
import dis
import sys
from collections.abc import Sequence
from types import ModuleType

from cells import parse
from plain_values import words

COMPILED = __future__.annotations.compiler_flag | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
# ... hints may name what is not here, and a notebook may await at the top
CO_COROUTINE = 0x80  # as in inspect, which is slow to import


class Nothing:
    """What IPython puts into a notebook's names: left in a function it shows and does nothing."""

    def __call__(self, *things, **options):
        return self

    def __getattr__(self, name: str):
        return self


vars(builtins).update(display=Nothing(), get_ipython=Nothing())


class Picked:
    """The statements behind some functions, ready to be run again and again."""

    def __init__(
        self, cells: list[str], functions: list[str], checked: str = "", others: Sequence[str] = ()
    ):
        """`checked` is what check() calls the exercise, `others` are other exercises' functions."""
        self.functions = functions
        self.broken: list[str] = []  # cells that are not Python, one sentence each
        self.failed: list[str] = []  # statements that raised when run
        statements = []
        for number, source in enumerate(cells, 1):
            try:
                for node in parse(source):
                    statements += [Statement(part, number) for part in parts(node)]
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                line = getattr(error, "lineno", None)
                where = f", line {line}" if line else ""
                self.broken.append(f"cell {number}{where}: {getattr(error, 'msg', error)}"[:200])
        mine = as_checked(statements, checked, set(functions), set(others))
        self.codes = [statement.code for statement in needed(mine, set(functions))]
        self.namespace = self.load()

    def load(self) -> dict:
        """Run the statements in an empty module; one that fails does not stop the others."""
        module = ModuleType("__main__")  # as in a notebook; dataclasses look their module up
        sys.modules["__main__"], namespace = module, module.__dict__
        self.failed = []
        for code in self.codes:
            before = {name: namespace.get(name) for name in self.functions}
            try:
                run(code, namespace)
            except BaseException as error:
                self.failed.append(f"{type(error).__name__}: {words(error)}"[:200])
            for name, function in before.items():  # not `killed = killed(log)`
                if callable(function) and not callable(namespace.get(name)):
                    namespace[name] = function
        return namespace

    def trouble(self) -> dict:
        missing = [name for name in self.functions if not callable(self.namespace.get(name))]
        return {"missing": missing, "broken": self.broken, "failed": self.failed}

    def function(self, name: str):
        return self.namespace[name]

    def afresh(self, name: str):
        """The function in a module that has just been loaded: globals carry nothing over."""
        return self.load()[name]

    def describe(self, error: BaseException) -> dict:
        """What was raised, and where in the student's cells."""
        kind, trace, where = type(error).__name__, error.__traceback__, ""
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith("cell "):
                where = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return {"type": kind, "message": words(error)[:200], "where": where}


def run(code, namespace: dict) -> None:
    """One statement; if it awaits, until that is done."""
    done = eval(code, namespace)
    if code.co_flags & CO_COROUTINE:
        import asyncio  # slow to import, and seldom needed

        asyncio.run(done)


def parts(node: ast.stmt) -> list[ast.stmt]:
    """`import a, b` as two statements: a name that is not here must not cost the other."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return [node]
    each: list[ast.stmt] = []
    for alias in node.names:
        one = type(node)(**{**vars(node), "names": [alias]})
        each.append(ast.copy_location(one, node))
    return each


class Statement:
    """A top-level statement: its code, the names it binds or changes, the names it uses.

    `calls` are the names that it calls for their effect, `effects` what a call of the function or
    class that it defines binds or changes, `fills` whether that changes an argument, and `aliases`
    the pairs of names that it makes two names of one thing.
    """

    def __init__(self, node: ast.stmt, number: int):
        self.code = compile(ast.Module([node], []), f"cell {number}", "exec", COMPILED)
        self.binds = {i.argval for i in dis.get_instructions(self.code) if "STORE_" in i.opname}
        self.uses = set(names_used(self.code))
        self.calls: set[str] = set()
        self.effects: set[str] = set()
        self.given: dict[str, set[str]] = {}  # to the functions that it calls
        self.fills, self.inner = False, set()  # `inner` are names that a call of it calls
        self.aliases = set(aliases(node))
        self.checks = set(exercises_checked(node))
        self.defines = False  # a function or a class
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            self.binds = {"*"}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.defines = True
            makers = node.decorator_list + getattr(node, "bases", [])
            self.calls = set(filter(None, map(root, makers)))
            self.binds |= {root(d) for d in node.decorator_list if root(d) != getattr(d, "id", "")}
            changed = set(names_changed(node))
            self.effects = globals_stored(self.code) | (changed & self.uses)
            self.fills = bool(changed & {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)})
            self.inner = set(names_called(node)) & self.uses
        else:
            self.binds |= set(names_changed(node))
            self.calls = set(names_called(node))
            self.given = dict(arguments(node))
            if self.calls & {"exec", "globals"} or "setrecursionlimit" in self.code.co_names:
                self.binds |= {"*"}  # what it makes cannot be seen from outside


def names_used(code):
    """Global names that this code loads, in all the functions in it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from names_used(constant)


def names_changed(statement: ast.AST):
    """TABLE[x] = ..., TABLE.x = ..., TABLE.append(...) and x = TABLE.pop() change TABLE."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield root(node)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            if node.target.id in set(names_changed(ast.Module(node.body, []))):
                yield root(node.iter)
        elif isinstance(node, ast.Expr):  # whatever is called here is called for its effect
            for call in ast.walk(node.value):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    yield root(call.func)
                    yield from (a.id for a in call.args[:1] if isinstance(a, ast.Name))
                elif isinstance(call, ast.Call):
                    bound = [a for a in call.args if isinstance(a, ast.Attribute)]
                    yield from map(root, bound)  # list(map(TABLE.append, ...))
                    if getattr(call.func, "id", "") in ("setattr", "delattr", "next"):
                        yield from map(root, call.args[:1])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("pop", "popleft", "popitem", "setdefault"):
                yield root(node.func)


def names_called(statement: ast.stmt):
    """The names of what it calls."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and root(node.func):
            yield root(node.func)


def arguments(statement: ast.stmt):
    """(f, {"TABLE"}) for each f(TABLE)."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, set(map(root, node.args)) - {""}


def aliases(statement: ast.stmt):
    """A = B: what changes one of them changes the other."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value.id


def globals_stored(code) -> set[str]:
    """Global names that the functions in this code assign."""
    found = set()
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            inner = dis.get_instructions(constant)
            found |= {i.argval for i in inner if i.opname == "STORE_GLOBAL"}
            found |= globals_stored(constant)
    return found


def root(node: ast.expr) -> str:
    """The name at the bottom of a.b[c].d()"""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def exercises_checked(statement: ast.stmt):
    """The names in its calls of check("NAME", ...)."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            if "check" in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                yield node.args[0].value


def as_checked(
    statements: list[Statement], checked: str, names: set[str], others: set[str]
) -> list[Statement]:
    """Without what binds a name anew below the last check of this exercise, and is not of it.

    Two exercises may have helpers of one name, and an experiment may use up the name of a helper,
    or of a builtin. A function or class that is defined anew is of this exercise, unless another
    one needs it. If the exercise's own function is defined anew, its check says nothing, and all
    counts.
    """
    last = max((i for i, one in enumerate(statements) if checked in one.checks), default=None)
    above, below = statements[:last], statements[last:]
    own = names - others
    if last is None or any(one.defines and one.binds & own for one in below):
        return statements
    bound = set(dir(builtins)).union(*(one.binds for one in above))
    theirs = chosen_for(below, others)
    return above + [
        one for one in below if not one.binds & (bound - own) or one.defines and one not in theirs
    ]


def needed(statements: list[Statement], names: set[str]) -> list[Statement]:
    """The statements that bind or change one of `names`, or a name that these use."""
    add_effects(statements, set(names))
    chosen = chosen_for(statements, names)
    return [statement for statement in statements if statement in chosen]


def chosen_for(statements: list[Statement], names: set[str]) -> set[Statement]:
    """As needed(), in no order, of statements whose effects are known."""
    chosen: set[Statement] = set()
    names = set(names)
    while True:
        more = {s for s in statements if s not in chosen and s.binds & (names | {"*"})}
        if not more:
            return chosen
        chosen |= more
        names |= {name for statement in more for name in statement.uses}


def add_effects(statements: list[Statement], wanted: set[str]) -> None:
    """A statement that calls a helper binds and changes what the helper does.

    The wanted functions are no helpers: trying them out is no part of them. Nor is a function
    changed by being given to another one.
    """
    defined = {n for s in statements if s.fills or s.effects or s.inner for n in s.binds}
    helpers: dict[str, set[str]] = {}
    for statement in statements:
        for name in statement.binds - wanted:
            helpers.setdefault(name, set()).update(statement.effects)
    inner = {name: s.inner - wanted for s in statements for name in s.binds - wanted if s.inner}
    for _ in inner:  # a helper that calls a helper
        for name, called in inner.items():
            helpers[name] = helpers[name].union(*(helpers.get(c, set()) for c in called))
    filling = {name for s in statements if s.fills for name in s.binds} - wanted
    for statement in statements:
        for name in statement.calls - wanted:
            statement.binds |= helpers.get(name, set())
        for name in filling & set(statement.given):
            statement.binds |= statement.given[name] - defined - wanted
        for one, other in {pair for s in statements for pair in s.aliases}:
            if {one, other} & statement.binds and (one, other) not in statement.aliases:
                statement.binds |= {one, other}


sys.setrecursionlimit(5000)
