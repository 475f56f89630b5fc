"""Digests of code, so that a cheap stage reruns when the code behind it changes."""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def digest(module: str) -> str:
    """Digest of what a module of this project does, over all it imports from it.

    `module` is a dotted name below the project's folder ("signverse.captions").
    Docstrings, comments and layout do not count; names, constants and code do.
    """
    state = hashlib.sha256()
    for name in sorted(_reachable(module)):
        state.update(f"{name}\0{_meaning(name)}\0".encode())
    return state.hexdigest()[:16]


def _reachable(module: str) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name))
            package = name.rpartition(".")[0]  # importing a module runs its package's __init__
            waiting.extend([package] if package and _source(package) else [])
    return found


def _source(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@functools.cache
def _tree(module: str) -> ast.Module:
    path = _source(module)
    if path is None:
        raise ModuleNotFoundError(f"no module {module} below {ROOT}")
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(module: str) -> Iterator[str]:
    """Names of the project's modules that `module` imports anywhere in its code."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (n for n in names if n.startswith("signverse") and _source(n))


@functools.cache
def _meaning(module: str) -> str:
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return ast.dump(tree)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
