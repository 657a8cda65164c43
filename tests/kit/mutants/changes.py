"""What could be wrong in a source: one small change each, within a function. Texts, annotations and what stands outside
of functions are left alone, how a row is called in a list (`__str__`), and what shows only where several wait for each
other (`hold()`, `durable`)."""

import ast
import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
Change = Callable[[], None]  # to a copy of the tree, in place

OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
REVERSED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}
UNCHANGED = -1
MARK = "__came_by__"
CONDITIONS = ("filter", "exclude", "update", "get")  # of rows: each keyword is one


class Mutant(NamedTuple):
    file: Path
    function: str  # its qualified name
    n: int  # of the changes of its function, or UNCHANGED
    line: int
    last_line: int  # of what the statement has before other statements within it
    before: str  # the statement, or its first line
    after: str

    def __str__(self) -> str:
        return f"{self.function}: {self.before} -> {self.after}"


def of(file: Path) -> Iterator[Mutant]:
    for name, function in _functions(ast.parse(file.read_text(encoding="utf-8"))):
        for n in range(len(list(_changes(function)))):
            statement, change = list(_changes(copy.deepcopy(function)))[n]
            before = _told(statement)
            change()
            after = _told(statement)
            if after != before:
                yield Mutant(file, name, n, statement.lineno, _last_line(statement), before, after)


def code(mutant: Mutant) -> CodeType:
    """Of the whole module, with this change in it."""

    def change(function: Function) -> None:
        if mutant.n != UNCHANGED:
            list(_changes(function))[mutant.n][1]()

    return _compiled(mutant, change)


def marked(mutant: Mutant) -> CodeType:
    """Of the whole module; each statement of its function first calls `MARK` with the file and its line."""
    file = ast.Constant(str(mutant.file))

    def come_by(line: int) -> ast.expr:
        return ast.Call(ast.Name(MARK, ast.Load()), [file, ast.Constant(line)], [])

    def mark(function: Function) -> None:
        for node in list(ast.walk(function)):
            if isinstance(node, ast.Lambda):
                both = ast.Tuple([come_by(node.lineno), node.body], ast.Load())
                node.body = ast.Subscript(both, ast.Constant(1), ast.Load())
            for _field, value in ast.iter_fields(node):
                if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                    value[:] = [each for one in value for each in (ast.Expr(come_by(one.lineno)), one)]

    return _compiled(mutant, mark)


def _compiled(mutant: Mutant, change: Callable[[Function], None]) -> CodeType:
    tree = ast.parse(mutant.file.read_text(encoding="utf-8"))
    function = dict(_functions(tree))[mutant.function]
    names = {inner: _names(inner) for inner in ast.walk(function) if isinstance(inner, Function)}
    change(function)
    for inner, mentioned in names.items():
        inner.body.append(mentioned)
    return compile(ast.fix_missing_locations(tree), str(mutant.file), "exec")


def _names(function: Function) -> ast.stmt:
    """Never done: a function that is there already takes other code only if it closes over the same names."""
    names = sorted({node.id for node in ast.walk(function) if isinstance(node, ast.Name)})
    mentioned: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    return ast.If(ast.Constant(False), [ast.Expr(ast.Tuple(mentioned, ast.Load()))], [])


def _last_line(statement: ast.stmt) -> int:
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    return max(statement.lineno, last or 0)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Outermost ones, and those of classes."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            inner = [one for one in node.body if isinstance(one, Function) and one.name != "__str__"]
            yield from ((f"{node.name}.{one.name}", one) for one in inner)


def _changes(function: Function) -> Iterator[tuple[ast.stmt, Change]]:
    """Each with the statement that it is told by."""
    for statement in _statements(function.body):
        yield from ((statement, change) for change in _of_statement(statement))
        for part in _own_parts(statement):
            yield from ((statement, change) for change in _of_part(part))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        for _field, value in ast.iter_fields(statement):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from _statements(value)
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """Expressions that belong to it and to no statement within."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            inner = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
            inner = [one for one in inner if not isinstance(one, (ast.stmt, ast.ExceptHandler, ast.JoinedStr))]
            inner = [one for one in inner if not (isinstance(one, ast.keyword) and one.arg == "durable")]
            yield from inner
            waiting.extend(inner)


def _of_statement(statement: ast.stmt) -> Iterator[Change]:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="hold"))):
            return  # SQLite has one writer, whoever holds what
        case ast.Expr(value=ast.Call()):
            yield _setter(statement, "value", ast.Constant(None))
        case ast.If() | ast.While() if not _is_turned(statement.test):
            yield _setter(statement, "test", ast.UnaryOp(ast.Not(), statement.test))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield _setter(statement, "value", ast.Constant(None))
        case ast.Raise():
            yield _emptied(statement)


def _is_turned(test: ast.expr) -> bool:
    """By the change of what it consists of."""
    equal = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
    return isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and isinstance(test.ops[0], equal))


def _of_part(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[op, *_]):
            yield _setter(node, "ops", [OTHER[type(op)](), *node.ops[1:]])
        case ast.BoolOp():
            yield _setter(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.IfExp():
            yield _setter(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.UnaryOp(op=ast.Not()):
            yield _setter(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.BinOp(op=op) if type(op) in REVERSED:
            yield _setter(node, "op", REVERSED[type(op)]())
        case ast.Constant(value=bool(value)):
            yield _setter(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield _setter(node, "value", value + 1)
        case ast.Call(func=ast.Attribute(attr=name)) if name in CONDITIONS:
            for n in range(len(node.keywords)):
                yield _setter(node, "keywords", node.keywords[:n] + node.keywords[n + 1 :])


def _setter(node: ast.AST, field: str, value: object) -> Change:
    return lambda: setattr(node, field, value)


def _emptied(statement: ast.Raise) -> Change:
    return lambda: setattr(statement, "__class__", ast.Pass)


def _told(statement: ast.stmt) -> str:
    """In one line, without what stands within it."""
    text = ast.unparse(statement)
    return text.splitlines()[0] if hasattr(statement, "body") else " ".join(text.split())
