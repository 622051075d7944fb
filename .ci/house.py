"""The house rules that no linter knows: see CONTRIBUTING.md. Prints each broken one; exit code 1 when there is any."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]|Users/[A-Za-z])[/\w.-]*/[\w.-]+")
INDEX_ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host")
EVERY_INTERFACE = re.compile(r"[\"']0\.0\.0\.0[\"']")
LENGTH_REASON = "# long because "
# Packages whose module has another name.
IMPORTED_AS = {
    "scikit_learn": "sklearn",
    "pyjwt": "jwt",
    "argon2_cffi": "argon2",
    "pillow": "pil",
    "markdown_it_py": "markdown_it",
}
# Where a process must catch whatever comes, to say it and end or go on.
MAY_CATCH_ALL = {
    "services/scoring/runner.py",
    "services/cli/main.py",
    "services/events/decode.py",
    "services/stream/reading.py",
}
BINARY = {".png", ".jpg", ".mmdb", ".ico", ".gz", ".woff2"}


def tracked_files() -> list[str]:
    """Paths git knows or would add, ignored ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return sorted(path for path in listed.stdout.splitlines() if (ROOT / path).is_file())


def text_faults(path: str, text: str) -> Iterator[str]:
    """Faults that any text file can have."""
    if path == ".ci/house.py":
        return
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of one machine"
    if Path(path).name.startswith("requirements") and INDEX_ADDRESS.search(text):
        yield f"{path}: holds the address of a package index"


def python_faults(path: str, text: str) -> Iterator[str]:
    """Faults of Python files: length, names, catching everything, listening everywhere."""
    lines = text.splitlines()
    excused = any(line.startswith(LENGTH_REASON) for line in lines)
    if len(lines) > MAX_FILE_LINES and not excused:
        yield f"{path}: {len(lines)} lines, more than {MAX_FILE_LINES}"
    if FORBIDDEN_NAMES & set(re.split(r"[/.]", path)):
        yield f"{path}: a name that says nothing"
    if path != ".ci/house.py" and EVERY_INTERFACE.search(text):
        yield f"{path}: listens on every interface"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from function_faults(path, node, lines)
        elif isinstance(node, ast.ExceptHandler) and catches_all(node) and path not in MAY_CATCH_ALL:
            reason = "# process main" in lines[node.lineno - 1]
            if not reason:
                yield f"{path}:{node.lineno}: catches every error"


def function_faults(
    path: str, node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]
) -> Iterator[str]:
    """A function's body, its docstring left out, stays under the limit or says why not."""
    first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
    length = (node.end_lineno or node.lineno) - first.lineno + 1
    excused = any(LENGTH_REASON in line for line in lines[node.lineno - 1 : first.lineno])
    if length > MAX_FUNCTION_LINES and not excused:
        yield f"{path}:{node.lineno}: {node.name} has {length} lines, more than {MAX_FUNCTION_LINES}"


def catches_all(node: ast.ExceptHandler) -> bool:
    """True for a handler of everything that does not raise again."""
    names = (
        {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
        if node.type
        else {"Exception"}
    )
    raises_again = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    return bool(names & {"Exception", "BaseException"}) and not raises_again


def undeclared_imports(paths: list[str]) -> Iterator[str]:
    """Third-party modules the shipped code imports that pyproject.toml does not name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["lab"], *extras["packs"]]
    names = {re.split(r"[\[=<>!~; ]", line)[0].lower().replace("-", "_") for line in declared}
    names |= {"faust", "mode", "google", "starlette", "pydantic", "click", "mako", "markupsafe", "aiohttp"}
    names |= {module for package, module in IMPORTED_AS.items() if package in names}
    names |= {"contracts", "detectors", "services", "notifier", "benchmarks"} | set(sys.stdlib_module_names)
    for path in paths:
        if not path.startswith(("contracts/", "detectors/", "services/", "notifier/", "benchmarks/")):
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            for module in imported_modules(node):
                if module.split(".")[0].lower() not in names:
                    yield f"{path}: imports {module}, which pyproject.toml does not name"


def imported_modules(node: ast.AST) -> list[str]:
    """Names of the modules one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def faults() -> Iterator[str]:
    """Every broken rule of the whole repository."""
    paths = tracked_files()
    for path in paths:
        if Path(path).suffix in BINARY:
            continue
        text = (ROOT / path).read_text(errors="replace")
        yield from text_faults(path, text)
        if path.endswith(".py"):
            yield from python_faults(path, text)
    yield from undeclared_imports([path for path in paths if path.endswith(".py")])


def main() -> int:
    """Prints the faults and answers the exit code."""
    found = list(faults())
    print("\n".join(found) if found else "house rules: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
