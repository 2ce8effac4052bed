"""A generator function, unedited, as functions that can be entered after each of its yields.

From the syntax tree of `f` come one function that runs f to its first yield, and for each yield
one more that runs what is left after it: the same statements without those already done. What is
left of a loop is that loop, whose first round is what is left of its body. Each returns (what it
yields, frames) where it stops, and (its value, None) when it is over; see frames.py.

Statements keep their places, so a traceback points at the author's own lines. Names that begin with
a dot are the compiler's own: an author cannot write such a name.
"""

import __future__

import ast
from dis import get_instructions
from functools import cache
from inspect import CO_GENERATOR
from itertools import pairwise
from types import CodeType
from typing import Any

from .errors import Refused
from .lone_yields import NAMED, SCOPES, YIELDS, Rewriting, call, copied, load, own, store
from .source import definition

GIVEN = (".call", ".each", ".keep", ".locals", ".iter", ".next", ".end", ".unset")  # by frames.py


@cache
def resumable(code: CodeType) -> tuple[list[CodeType], tuple[str, ...], list[tuple[int, int]]]:
    """The code to begin with, then that after each yield; the locals that a frame keeps; and from
    which line to which each yield stands."""
    name, where = code.co_name, f"{code.co_filename}, line {code.co_firstlineno}"
    tree = copied(definition(code))
    tree.decorator_list = []
    rewriting = Rewriting(f"{name} ({where})", code.co_varnames[:1])
    tree.body = rewriting.block(tree.body)
    points = rewriting.points
    local = (*code.co_varnames, *[n for n in code.co_cellvars if n not in code.co_varnames])
    kept = (*local, *rewriting.iterators)
    arguments = code.co_argcount + code.co_kwonlyargcount
    returning = Returning(rewriting.finally_)
    begin = ast.FunctionDef(".f", tree.args, returning.body(copied(tree.body)), [], None)
    functions: list[Any] = [begin]
    for point in points:
        head = [unbind(n, point) for n in kept if rewriting.deletes or n not in local[:arguments]]
        body = returning.body(rest(tree.body, point.number, rewriting.where))
        args = [ast.arg(n) for n in (".v", ".error", *kept)]
        given = ast.arguments([], args, None, [], [], None, [])
        functions.append(ast.FunctionDef(".f", given, head + body, [], None))
    names = [ast.arg(n) for n in dict.fromkeys((*GIVEN, *code.co_freevars))]
    given = ast.arguments([], names, None, [], [], None, [])
    outer = ast.FunctionDef("outer", given, functions, [], None)
    for function in functions:  # defaults and annotations are those of the function object
        for arg in ast.walk(function.args):
            if isinstance(arg, ast.arg):
                arg.annotation = None
        function.args.defaults = [ast.Constant(None) for _ in function.args.defaults]
        function.args.kw_defaults = [d and ast.Constant(None) for d in function.args.kw_defaults]
        ast.copy_location(function, tree)
    around = ast.ClassDef(class_around(code.co_qualname), [], [], [outer], [])
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(around, tree)], []))
    future = code.co_flags & __future__.annotations.compiler_flag  # as the file has it
    inner: Any = compile(module, code.co_filename, "exec", future, dont_inherit=True)
    for _ in (around, outer):
        inner = next(c for c in inner.co_consts if isinstance(c, CodeType))
    lines = [(0, 0), *[(p.lineno, p.end_lineno) for p in rewriting.points]]
    parts = [c for c in inner.co_consts if isinstance(c, CodeType)]
    for part in parts:  # a yield in a target, a default, a decorator is left where it was
        if part.co_flags & CO_GENERATOR:
            yields = (i.positions for i in get_instructions(part) if i.opname == "YIELD_VALUE")
            raise rewriting.refuse("a yield inside an expression", next(yields, tree), NAMED)
    return [c.replace(co_name=name, co_qualname=code.co_qualname) for c in parts], kept, lines


def class_around(name: str) -> str:
    """The class that a function's private names (__x) have in them; "_" does not change them."""
    parts = pairwise(name.split("."))
    return (["_"] + [part for part, then in parts if "<locals>" not in (part, then)])[-1]


def inside(statements: list, number: int) -> bool:
    return any(getattr(n, "number", None) == number for s in statements for n in own(s))


def rest(statements: list, number: int, where: str) -> list[ast.stmt]:
    """What is left of a block after yield `number`."""
    i = next(i for i, s in enumerate(statements) if inside([s], number))
    return [*rest_of(statements[i], number, where), *copied(statements[i + 1 :])]


def rest_of(s: ast.stmt, number: int, where: str) -> list[ast.stmt]:
    if getattr(s, "number", None) == number:
        return resumed(s)
    if isinstance(s, ast.If):
        return rest(s.body if inside(s.body, number) else s.orelse, number, where)
    if isinstance(s, ast.Match):
        return rest(next(c.body for c in s.cases if inside(c.body, number)), number, where)
    if isinstance(s, ast.While):
        if inside(s.orelse, number):
            return rest(s.orelse, number, where)
        first = f".first{s.lineno}.{s.col_offset}"
        again = ast.Assign([store(first)], ast.Constant(True))
        over = ast.Assign([store(first)], ast.Constant(False))
        test = ast.BoolOp(ast.Or(), [load(first), copied(s.test)])
        body = ast.If(load(first), [over, *rest(s.body, number, where)], copied(s.body))
        loop = ast.While(test, [body], copied(s.orelse))
        return [ast.copy_location(new, s) for new in (again, loop)]
    if isinstance(s, ast.Try):
        new = copied(s)
        part = next(p for p in (s.body, *blocks_after(s)) if inside(p, number))
        new.body = rest(part, number, where)
        if part is not s.body:  # what was tried is over, and only finally is left
            new.handlers, new.orelse = [], []
        return [new] if new.handlers or new.finalbody else new.body
    raise Refused(f"{where} has a yield inside {type(s).__name__}")


def blocks_after(s: ast.Try) -> list[list[ast.stmt]]:
    """Those of which one may be entered when the first is over."""
    return [*[handler.body for handler in s.handlers], s.orelse]


def resumed(s: ast.stmt) -> list[ast.stmt]:
    """The statement that yielded, when its value comes, or the exception of whom it called."""
    raised = ast.Compare(load(".error"), [ast.IsNot()], [ast.Constant(None)])
    new: list[ast.stmt] = [ast.If(raised, [ast.Raise(load(".error"), None)], [])]
    if isinstance(s, ast.Assign):
        new.append(ast.Assign(copied(s.targets), load(".v")))
    return [ast.copy_location(n, s) for n in new]


def unbind(name: str, at: ast.stmt) -> ast.stmt:
    """A local without a value is to have none again."""
    test = ast.Compare(load(name), [ast.Is()], [load(".unset")])
    return ast.copy_location(ast.If(test, [ast.Delete([ast.Name(name, ast.Del())])], []), at)


class Returning(ast.NodeTransformer):
    """`yield` and `return` become the return of (value, frames)."""

    def __init__(self, finally_: bool):
        """`finally_`: there is a finally, which is to know a stop from an end."""
        self.finally_ = finally_

    def body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """That of a function."""
        end: ast.stmt = ast.Return(ast.Tuple([ast.Constant(None), ast.Constant(None)], ast.Load()))
        end = ast.copy_location(end, body[-1]) if body else end
        new = [*self.visit(ast.Module(body, [])).body, end]
        return [ast.copy_location(stops(False), new[0]), *new] if self.finally_ else new

    def generic_visit(self, node):
        return node if isinstance(node, SCOPES) else super().generic_visit(node)

    def visit_Return(self, s):
        pair = ast.Tuple([s.value or ast.Constant(None), ast.Constant(None)], ast.Load())
        return ast.copy_location(ast.Return(pair), s)

    def visit_Expr(self, s):
        if not isinstance(s.value, YIELDS):
            return s
        keep = call(".keep", ast.Constant(s.number), call(".locals"))
        inner = s.value.value
        if isinstance(s.value, ast.Yield):
            new = [ast.Assign([store(".v")], inner or ast.Constant(None)), *self.stop(keep)]
        else:
            begin = call(".each", inner)
            if isinstance(inner, ast.Call):
                begin = ast.Call(load(".call"), [inner.func, *inner.args], inner.keywords)
            pair = ast.Tuple([store(".v"), store(".frames")], ast.Store())
            waits = ast.Compare(load(".frames"), [ast.IsNot()], [ast.Constant(None)])
            stop = self.stop(ast.BinOp(keep, ast.Add(), load(".frames")))
            new = [ast.Assign([pair], begin), ast.If(waits, stop, []), *resumed(s)[1:]]
        return [ast.copy_location(n, s) for n in new]

    visit_Assign = visit_Expr

    def stop(self, frames: ast.expr) -> list[ast.stmt]:
        """Return what is yielded, and where to go on."""
        leave: ast.stmt = ast.Return(ast.Tuple([load(".v"), frames], ast.Load()))
        return [stops(True), leave] if self.finally_ else [leave]


def stops(whether: bool) -> ast.stmt:
    """Is the function left at a yield? Then no finally runs."""
    return ast.Assign([store(".stops")], ast.Constant(whether))
