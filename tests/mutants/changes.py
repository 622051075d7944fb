"""Single changes to a Python module, as a careless edit would make them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
#: What people read, and what only costs time or memory, decides nothing.
_TELLING = frozenset({"log", "_log", "logging", "metrics", "warnings"})
_DECIDING_NOTHING = frozenset(
    {
        "en",
        "zh_cn",
        "version",
        "gc",
        "frozen",
        "weakref",
        "maxsize",
        "eq",
        "kw_only",
        "omit_defaults",
        "strict",
    }
)


#: Fields and indexes that lead from the module to a node.
Place = tuple[tuple[str, int | None], ...]


class Change(Struct, frozen=True):
    """One change: its line, what stood there, what stands there now, and the node to put at its place in the tree."""

    line: int
    before: str
    after: str
    place: Place
    node: ast.AST

    @property
    def name(self) -> str:
        """The change without its line, which moves."""
        return f"{self.before} -> {self.after}"


def changes(source: str) -> list[Change]:
    """Every single change of a module's code, in the order of its lines."""
    tree = ast.parse(source)
    _mark_parents(tree)
    found = [change for node in ast.walk(tree) if not _decides_nothing(node) for change in _of(node)]
    return sorted(found, key=lambda change: (change.line, change.before, change.after))


def changed(source: str, change: Change) -> str:
    """The module with the change."""
    tree = ast.parse(source)
    _put(tree, change.place, change.node)
    return ast.unparse(ast.fix_missing_locations(tree))


def _of(node: ast.AST) -> Iterator[Change]:
    for replacement in _replacements(node):
        yield Change(
            line=getattr(node, "lineno", 0),
            before=" ".join(ast.unparse(node).split())[:160],
            after=" ".join(ast.unparse(replacement).split())[:160],
            place=_path(node),
            node=replacement,
        )


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            yield ast.Compare(left, [_COMPARISONS[type(op)]()], [right])
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC and not _is_type(node):
            yield ast.BinOp(left, _ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in _ARITHMETIC:
            yield ast.AugAssign(target, _ARITHMETIC[type(op)](), value)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.Constant(False), body, orelse)
            yield ast.If(ast.Constant(True), body, orelse)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if value:
            yield ast.Constant(value + "x")
        case ast.Return(value=ast.Constant(value=None | bool())):
            return  # of a yes or no the opposite is tried
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield ast.Pass()


def _decides_nothing(node: ast.AST) -> bool:
    """Docstrings, types, texts of errors, logs and metrics, and options that change no answer."""
    if isinstance(node, ast.Constant) and isinstance(
        _parent(node), ast.Expr | ast.JoinedStr | ast.FormattedValue
    ):
        return True
    child: ast.AST = node
    parent = _parent(node)
    while parent is not None:
        if isinstance(parent, ast.Raise | ast.Assert):
            return True
        if isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is child:
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and parent.returns is child:
            return True
        if isinstance(parent, ast.Call) and _root(parent.func) in _TELLING | {"TypeVar"}:
            return True
        if isinstance(parent, ast.Subscript) and _root(parent.value) in {"Literal", "Callable"}:
            return True
        if isinstance(parent, ast.keyword) and (parent.arg in _DECIDING_NOTHING or _names_a_task(parent)):
            return True
        if isinstance(parent, ast.Assign) and any(_root(target) == "__all__" for target in parent.targets):
            return True
        child, parent = parent, _parent(parent)
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _root(node.value.func) in _TELLING
    )


def _names_a_task(keyword: ast.keyword) -> bool:
    call = _parent(keyword)
    return (
        keyword.arg == "name"
        and isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith("create_task")
    )


def _is_type(node: ast.BinOp) -> bool:
    """A union of types reads like an operation on bits."""
    return isinstance(node.op, ast.BitOr) and any(
        _is_none(side) or (isinstance(side, ast.Name) and side.id[:1].isupper())
        for side in (node.left, node.right)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _mark_parents(tree: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST):
                    child._place = (parent, field, index if isinstance(value, list) else None)  # type: ignore[attr-defined]


def _parent(node: ast.AST) -> ast.AST | None:
    place = getattr(node, "_place", None)
    return None if place is None else place[0]


def _path(node: ast.AST) -> Place:
    path: list[tuple[str, int | None]] = []
    while (place := getattr(node, "_place", None)) is not None:
        node, field, index = place
        path.append((field, index))
    return tuple(path[::-1])


def _put(tree: ast.AST, path: Place, replacement: ast.AST) -> None:
    node: ast.AST = tree
    for field, index in path[:-1]:
        value = getattr(node, field)
        node = value if index is None else value[index]
    field, index = path[-1]
    if index is None:
        setattr(node, field, replacement)
    else:
        getattr(node, field)[index] = replacement
