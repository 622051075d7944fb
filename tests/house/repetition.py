"""Where two Python files repeat each other: runs of lines of the same shape, whatever names, strings and numbers they hold.

Lines of functions count, and statements of a module that do something. What does not: imports, docstrings, comments,
decorators, and tables, which are assignments of modules and classes and literals that take several lines.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(r"""[rbfu]*("([^"\\]|\\.)*"|'([^'\\]|\\.)*')|[A-Za-z_]\w*|\d[\w.]*|#.*|\S""")
_DECLARED = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
_LITERAL = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.Constant, ast.JoinedStr)


class Repeated(NamedTuple):
    """The first line of a run of so many lines in one file, and of the same in another."""

    path: str
    line: int
    other: str
    other_line: int
    lines: int


def repeated(texts: Iterable[tuple[str, str]], most: int) -> list[Repeated]:
    """The longest run that each two of these files, (path, text), share, where it has more than `most` lines."""
    counted = {path: list(shapes(text)) for path, text in texts}
    places: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for path, lines in counted.items():
        told = [shape for _, shape in lines]
        for start in range(len(lines) - most):
            places.setdefault(tuple(told[start : start + most + 1]), []).append((path, start))
    longest: dict[tuple[str, str], Repeated] = {}
    for there in places.values():
        for (path, start), (other, other_start) in pairwise(there):
            if path == other:
                continue
            run = 0
            ours, theirs = counted[path][start:], counted[other][other_start:]
            for (_, shape), (_, same) in zip(ours, theirs, strict=False):
                if shape != same:
                    break
                run += 1
            found = Repeated(path, ours[0][0], other, theirs[0][0], run)
            if run > longest.get((path, other), found._replace(lines=0)).lines:
                longest[path, other] = found
    return sorted(longest.values(), key=lambda each: -each.lines)


def shapes(text: str) -> Iterator[tuple[int, str]]:
    """The number and the shape of each line that counts."""
    uncounted = set(_uncounted(ast.parse(text).body, of_function=False))
    for number, line in enumerate(text.splitlines(), 1):
        shape = "" if number in uncounted else _shape(line)
        if any(letter.isalnum() for letter in shape):
            yield number, shape


@cache
def _shape(line: str) -> str:
    """The line's tokens: keywords and signs as they are, `n` for a name, `s` for a string, `0` for a number."""
    told = []
    for match in _TOKEN.finditer(line):
        token = match[0]
        if token[0] == "#":
            break
        if match[1]:
            token = "s"
        elif token[0].isdigit():
            token = "0"
        elif (token[0].isalpha() or token[0] == "_") and not keyword.iskeyword(token):
            token = "n"
        told.append(token)
    return " ".join(told)


def _uncounted(body: list[ast.stmt], of_function: bool) -> Iterator[int]:
    for place, statement in enumerate(body):
        told = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if (place == 0 and told) or (isinstance(statement, _DECLARED) and not of_function):
            yield from _lines(statement)
        elif isinstance(statement, ast.ClassDef):
            yield from _decorators(statement)
            yield from _uncounted(statement.body, of_function=False)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _decorators(statement)
            yield from _uncounted(statement.body, of_function=True)
        else:
            for node in ast.walk(statement):
                if isinstance(node, _LITERAL) and node.end_lineno != node.lineno:
                    yield from _lines(node)


def _decorators(definition: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    for decorator in definition.decorator_list:
        yield from _lines(decorator)


def _lines(node: ast.stmt | ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
