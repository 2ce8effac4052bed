"""A generator function, unedited, as functions that can be entered after each of its yields.

From the syntax tree of `f` come one function that runs f to its first yield, and for each yield
one more that runs what is left after it: the same statements without those already done. What is
left of a loop is that loop, whose first round is what is left of its body. Each returns (what it
yields, frames) where it stops, and (its value, None) when it is over; see frames.py.

Statements keep their places, so a traceback points at the author's own lines. Names that begin with
a dot are the compiler's own: an author cannot write such a name.
"""

import ast
from functools import cache
from itertools import pairwise
from types import CodeType
from typing import Any

from .errors import Refused
from .source import definition

GIVEN = (".call", ".each", ".keep", ".iter", ".next", ".end", ".unset")  # what frames.py provides
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)
YIELDS = (ast.Yield, ast.YieldFrom)


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
    begin = ast.FunctionDef(".f", tree.args, returning(copied(tree.body)), [], None)
    functions: list[Any] = [begin]
    for point in points:
        head = [unbind(n, point) for n in kept if rewriting.deletes or n not in local[:arguments]]
        body = returning(rest(tree.body, point.number, rewriting.where))
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
    inner: Any = compile(module, code.co_filename, "exec", dont_inherit=True)
    for _ in (around, outer):
        inner = next(c for c in inner.co_consts if isinstance(c, CodeType))
    lines = [(0, 0), *[(p.lineno, p.end_lineno) for p in rewriting.points]]
    parts = [c for c in inner.co_consts if isinstance(c, CodeType)]
    return [c.replace(co_name=name, co_qualname=code.co_qualname) for c in parts], kept, lines


def class_around(name: str) -> str:
    """The class that a function's private names (__x) have in them; "_" does not change them."""
    parts = pairwise(name.split("."))
    return (["_"] + [part for part, then in parts if "<locals>" not in (part, then)])[-1]


def copied(node):
    """A copy of a tree or of a list of them; copy.deepcopy() takes three times as long.

    Only of what Python's grammar gives a node. IPython hangs a parent on each node when it shows a
    traceback, and an ast.Load is one object for all trees: a copy of that would never end.
    """
    if isinstance(node, list):
        return [copied(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    new = type(node).__new__(type(node))  # its fields follow; Python 3.15 asks __init__ for them
    own_names = (*node._fields, *node._attributes, "number")  # the last is ours
    vars(new).update({name: copied(v) for name, v in vars(node).items() if name in own_names})
    return new


def own(node):
    """The node and all below it, without what is inside of other functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SCOPES):
            yield from own(child)


def has_yield(*nodes) -> bool:
    return any(isinstance(n, YIELDS) for node in nodes for n in own(node))


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def call(name: str, *args) -> ast.Call:
    return ast.Call(load(name), list(args), [])


class Rewriting:
    """Statements so that each yield stands alone in one: `yield x` or `name = yield from call`."""

    def __init__(self, where: str, first_argument: tuple[str, ...]):
        self.where, self.first_argument = where, first_argument
        self.points: list[Any] = []  # the statements that yield, each with its number
        self.iterators: list[str] = []
        self.deletes = False
        self.temporary = 0

    def refuse(self, what: str, node) -> Refused:
        return Refused(f"{self.where} has {what} in line {node.lineno}, and cannot be explored")

    def block(self, statements: list) -> list:
        return [new for s in statements for new in self.statement(s)]

    def statement(self, s: ast.stmt) -> list[ast.stmt]:
        for node in own(s):
            if isinstance(node, ast.Nonlocal | ast.Global):
                word = type(node).__name__.lower()
                raise self.refuse(f"a {word} variable", node)
            if isinstance(node, ast.ExceptHandler) and node.name or isinstance(node, ast.Delete):
                self.deletes = True
            if isinstance(node, ast.Call) and is_super(node):
                node.args = [load(name) for name in ("__class__", *self.first_argument)]
        if isinstance(s, SCOPES):
            if any(isinstance(n, ast.Nonlocal | ast.Global) for n in ast.walk(s)):
                raise self.refuse("a nonlocal or global variable", s)
            return [s]
        if not has_yield(s):
            return [s]
        new = self.compound(s) or self.simple(s)
        for statement in new:
            ast.copy_location(statement, s)
        return new

    def compound(self, s: ast.stmt) -> list[ast.stmt] | None:
        """A statement with others inside."""
        if isinstance(s, ast.If):
            before, s.test = self.first(s.test, s)
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            return [*before, s]
        if isinstance(s, ast.While):
            if has_yield(s.test):
                if s.orelse:
                    raise self.refuse("a yield in the condition of a loop with else", s)
                end = ast.If(ast.UnaryOp(ast.Not(), s.test), [ast.Break()], [])
                s.body.insert(0, ast.fix_missing_locations(ast.copy_location(end, s)))
                s.test = ast.copy_location(ast.Constant(True), s)
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            return [s]
        if isinstance(s, ast.For):
            return self.loop(s)
        if isinstance(s, ast.Try):
            if s.finalbody:
                raise self.refuse("a yield inside try ... finally", s)
            for handler in s.handlers:
                bare = any(isinstance(n, ast.Raise) and n.exc is None for n in own(handler))
                if has_yield(handler) and (handler.name or bare):
                    raise self.refuse("a yield where an exception is handled", handler)
                handler.body = self.block(handler.body)
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            return [s]
        if isinstance(s, ast.Match):
            before, s.subject = self.first(s.subject, s)
            for case in s.cases:
                if case.guard is not None and has_yield(case.guard):
                    raise self.refuse("a yield in the guard of a case", s)
                case.body = self.block(case.body)
            return [*before, s]
        if isinstance(s, ast.With):
            raise self.refuse("a yield inside with", s)
        return None

    def loop(self, s: ast.For) -> list[ast.stmt]:
        """`for`: a `while` that asks an iterator, which the frame keeps."""
        before, over = self.first(s.iter, s)
        if isinstance(over, ast.List) and not any(isinstance(e, ast.Starred) for e in over.elts):
            over = ast.copy_location(ast.Tuple(over.elts, ast.Load()), over)  # as Python does
        name = f".it{len(self.iterators)}"
        self.iterators.append(name)
        item = ast.NamedExpr(store(name + "x"), call(".next", load(name), load(".end")))
        test = ast.Compare(item, [ast.IsNot()], [load(".end")])
        take = ast.copy_location(ast.Assign([s.target], load(name + "x")), s)
        body, orelse = [take, *self.block(s.body)], self.block(s.orelse)
        begin = ast.Assign([store(name)], call(".iter", over))
        end = ast.Delete([ast.Name(name, ast.Del())])
        return [*before, begin, ast.While(test, body, orelse), end]

    def simple(self, s: Any) -> list[ast.stmt]:
        if isinstance(s, ast.Expr | ast.Assign) and isinstance(s.value, YIELDS):
            inner = s.value.value
            if inner is not None and has_yield(inner):
                before, s.value.value = self.first(inner, s)
                return [*before, *self.simple(s)]
            if isinstance(s, ast.Assign) and not all(simple_target(t) for t in s.targets):
                before, s.value = self.first(s.value, s)
                return [*before, s]
            vars(s)["number"] = len(self.points) + 1
            self.points.append(s)
            return [s]
        value: Any = getattr(s, "value", None)
        plain = isinstance(s, ast.Return | ast.Expr | ast.Assign | ast.AnnAssign)
        if plain or isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            before, s.value = self.first(value, s)
            return [*before, s]
        raise self.refuse("a yield inside an expression", s)

    def first(self, e: ast.expr, s: ast.stmt) -> tuple[list[ast.stmt], ast.expr]:
        """An expression without its yield, if that is what it evaluates first."""
        if not has_yield(e):
            return [], e
        if isinstance(e, YIELDS):
            self.temporary += 1
            name = f".t{self.temporary}"
            assign = ast.copy_location(ast.Assign([store(name)], e), s)
            return self.simple(assign), ast.copy_location(load(name), e)
        where = {ast.UnaryOp: "operand", ast.BinOp: "left", ast.Compare: "left"}
        where |= {ast.NamedExpr: "value", ast.Attribute: "value", ast.Subscript: "value"}
        part = where.get(type(e))
        if part == "left" and isinstance(e, ast.BinOp) and isinstance(e.left, ast.Constant):
            part = "right"
        if part is not None and has_yield(getattr(e, part)):
            before, new = self.first(getattr(e, part), s)
            setattr(e, part, new)
        elif isinstance(e, ast.BoolOp) and has_yield(e.values[0]):
            before, e.values[0] = self.first(e.values[0], s)
        else:
            raise self.refuse("a yield inside an expression", e)
        if has_yield(e):
            raise self.refuse("two yields inside one expression", e)
        return before, e


def is_super(node: ast.Call) -> bool:
    """`super()` finds the class and the first argument by itself."""
    bare = not (node.args or node.keywords)
    return bare and isinstance(node.func, ast.Name) and node.func.id == "super"


def simple_target(target: ast.expr) -> bool:
    """Is there nothing to evaluate before the value?"""
    return isinstance(target, ast.Name | ast.Tuple | ast.Starred | ast.Attribute)


# ------------------------------------------------------------------ what is left after a yield


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
        for handler in s.handlers:
            if inside(handler.body, number):
                return rest(handler.body, number, where)
        if inside(s.orelse, number):
            return rest(s.orelse, number, where)
        new = copied(s)
        new.body = rest(s.body, number, where)
        return [new]
    raise Refused(f"{where} has a yield inside {type(s).__name__}")


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

    def generic_visit(self, node):
        return node if isinstance(node, SCOPES) else super().generic_visit(node)

    def visit_Return(self, s):
        pair = ast.Tuple([s.value or ast.Constant(None), ast.Constant(None)], ast.Load())
        return ast.copy_location(ast.Return(pair), s)

    def visit_Expr(self, s):
        if not isinstance(s.value, YIELDS):
            return s
        keep = call(".keep", ast.Constant(s.number), call("locals"))
        inner = s.value.value
        if isinstance(s.value, ast.Yield):
            new = [ast.Return(ast.Tuple([inner or ast.Constant(None), keep], ast.Load()))]
        else:
            begin = call(".each", inner)
            if isinstance(inner, ast.Call):
                begin = ast.Call(load(".call"), [inner.func, *inner.args], inner.keywords)
            pair = ast.Tuple([store(".v"), store(".frames")], ast.Store())
            stops = ast.Compare(load(".frames"), [ast.IsNot()], [ast.Constant(None)])
            frames = ast.BinOp(keep, ast.Add(), load(".frames"))
            stop = ast.Return(ast.Tuple([load(".v"), frames], ast.Load()))
            new = [ast.Assign([pair], begin), ast.If(stops, [stop], []), *resumed(s)[1:]]
        return [ast.copy_location(n, s) for n in new]

    visit_Assign = visit_Expr


def returning(body: list[ast.stmt]) -> list[ast.stmt]:
    end: ast.stmt = ast.Return(ast.Tuple([ast.Constant(None), ast.Constant(None)], ast.Load()))
    end = ast.copy_location(end, body[-1]) if body else end
    return [*Returning().visit(ast.Module(body, [])).body, end]
