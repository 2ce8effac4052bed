"""Statements of a generator function so that each yield stands alone in one.

After it stands `yield x` or `name = yield from call`, and a loop over an iterator is a `while` that
asks it. What cannot be said so is refused, with how to write it. compile.py goes on from there.
"""

import ast
from typing import Any

from .errors import Refused

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)
YIELDS = (ast.Yield, ast.YieldFrom)
SHARED = "use an attribute of an object, or what a list holds"
NAMED = "give its value a name before, as x = yield ..."


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
        self.deletes = False  # may a local lose its value?
        self.finally_ = False  # is there a yield in a try with finally?
        self.temporary = 0

    def refuse(self, what: str, node, how: str) -> Refused:
        """`how`: to write it so that it can be explored."""
        where = f"{self.where} has {what} in line {node.lineno}"
        return Refused(f"{where}, and cannot be explored: {how}")

    def block(self, statements: list) -> list:
        return [new for s in statements for new in self.statement(s)]

    def statement(self, s: ast.stmt) -> list[ast.stmt]:
        for node in own(s):
            if isinstance(node, ast.Nonlocal | ast.Global):
                word = type(node).__name__.lower()
                raise self.refuse(f"a {word} variable", node, SHARED)
            if isinstance(node, ast.ExceptHandler) and node.name or isinstance(node, ast.Delete):
                self.deletes = True
            if isinstance(node, ast.Call) and is_super(node):
                node.args = [load(name) for name in ("__class__", *self.first_argument)]
        if isinstance(s, SCOPES):
            if any(isinstance(n, ast.Nonlocal | ast.Global) for n in ast.walk(s)):
                raise self.refuse("a nonlocal or global variable", s, SHARED)
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
                    what = "a yield in the condition of a loop with else"
                    raise self.refuse(what, s, "write while True, and break")
                end = ast.If(ast.UnaryOp(ast.Not(), s.test), [ast.Break()], [])
                s.body.insert(0, ast.fix_missing_locations(ast.copy_location(end, s)))
                s.test = ast.copy_location(ast.Constant(True), s)
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            return [s]
        if isinstance(s, ast.For):
            return self.loop(s)
        if isinstance(s, ast.Try):
            if has_yield(*s.finalbody):
                raise self.refuse("a yield inside finally", s, "yield after it, or before")
            if s.finalbody:  # to stop at a yield is not to leave
                self.finally_ = True
                leaves = ast.UnaryOp(ast.Not(), load(".stops"))
                s.finalbody = [ast.copy_location(ast.If(leaves, s.finalbody, []), s.finalbody[0])]
            for handler in s.handlers:
                bare = any(isinstance(n, ast.Raise) and n.exc is None for n in own(handler))
                if has_yield(handler) and (handler.name or bare):
                    what = "a yield where an exception is handled"
                    raise self.refuse(what, handler, "note what it was, and yield after except")
                handler.body = self.block(handler.body)
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            return [s]
        if isinstance(s, ast.Match):
            before, s.subject = self.first(s.subject, s)
            for case in s.cases:
                if case.guard is not None and has_yield(case.guard):
                    raise self.refuse("a yield in the guard of a case", s, "yield before match")
                case.body = self.block(case.body)
            return [*before, s]
        if isinstance(s, ast.With):
            raise self.refuse("a yield inside with", s, "write try ... finally")
        return None

    def loop(self, s: ast.For) -> list[ast.stmt]:
        """`for`: a `while` that asks an iterator, which the frame keeps to the end of the loop."""
        before, over = self.first(s.iter, s)
        if isinstance(over, ast.List) and not any(isinstance(e, ast.Starred) for e in over.elts):
            over = ast.copy_location(ast.Tuple(over.elts, ast.Load()), over)  # as Python does
        name = f".it{len(self.iterators)}"
        self.iterators.append(name)
        item = ast.NamedExpr(store(name + "x"), call(".next", load(name), load(".end")))
        test = ast.Compare(item, [ast.IsNot()], [load(".end")])
        take = ast.copy_location(ast.Assign([s.target], load(name + "x")), s)
        begin = ast.Assign([store(name)], call(".iter", over))
        end = ast.copy_location(ast.Assign([store(name)], load(".unset")), s)
        body, orelse = [take, *self.block(s.body)], [end, *self.block(s.orelse)]
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
        raise self.refuse("a yield inside an expression", s, NAMED)

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
            raise self.refuse("a yield inside an expression", e, NAMED)
        if has_yield(e):
            raise self.refuse("two yields inside one expression", e, NAMED)
        return before, e


def is_super(node: ast.Call) -> bool:
    """`super()` finds the class and the first argument by itself."""
    bare = not (node.args or node.keywords)
    return bare and isinstance(node.func, ast.Name) and node.func.id == "super"


def simple_target(target: ast.expr) -> bool:
    """Is there nothing to evaluate before the value?"""
    return isinstance(target, ast.Name | ast.Tuple | ast.Starred | ast.Attribute)
