"""The key of a stage: a hash of all that its output depends on.

    key = sha256(name, params, keys of the inputs, content of the outside files, code)

The code is the stage's module and every module of the same package that it imports, directly or
through others, at the top or inside a function. A module counts by its syntax tree without the
docstrings, so that comments, docstrings and formatting change no key, while any other edit reruns
exactly the stages that can reach it. The price: an edit of a module that everything imports (the
column names) reruns everything; and what is imported by a computed name, or lies outside the
package (a new version of polars), is not seen: ``--from`` reruns by hand. A version number per
stage would be cheaper, and stale each time somebody forgot it.

One module per stage, therefore: stages in one module share their code's fingerprint.
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fashion_recsys.errors import InputError, SettingError
from fashion_recsys.pipeline.stage import Stage


def stage_key(stage: Stage, inputs: Mapping[str, str]) -> str:
    """Return the key of a stage, 64 hexadecimal digits, given the keys of its inputs.

    Raises:
        InputError: an outside file is missing or cannot be read.
        SettingError: the parameters cannot be written as JSON.
    """
    recipe = {
        "name": stage.name,
        "run": stage.run.__qualname__,
        "inputs": dict(inputs),
        "params": dict(stage.params),
        "files": [_content(stage, path) for path in stage.files],
        "code": code_fingerprint(stage.run.__module__),
    }
    try:
        text = json.dumps(recipe, sort_keys=True)
    except TypeError as error:
        raise SettingError(f"stage {stage.name}: expected params as JSON: {error}") from error
    return hashlib.sha256(text.encode()).hexdigest()


def _content(stage: Stage, path: Path) -> list[str]:
    """Return the hashes of a file, or of all files in a folder with their places in it."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; the stage {stage.name} reads it")
    inside = sorted(child for child in path.rglob("*") if child.is_file())
    try:
        if path.is_dir():
            return [f"{child.relative_to(path).as_posix()} {_hash(child)}" for child in inside]
        return [_hash(path)]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_fingerprint(module: str) -> str:
    """Return a hash of a module and of all modules of its package that it can import."""
    package = module.partition(".")[0]
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            tree, imported = _parsed(name)
            seen[name] = tree
            waiting += (other for other in imported if other.partition(".")[0] == package)
    lines = [f"{name} {tree}" for name, tree in sorted(seen.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@cache
def _parsed(module: str) -> tuple[str, tuple[str, ...]]:
    """Return (hash of a module's syntax tree, modules that it imports)."""
    path = _source(module)
    if path is None:
        return "", ()
    tree = ast.parse(path.read_bytes())
    imported = tuple(_imported(tree))
    text = ast.dump(_without_docstrings(tree))
    return hashlib.sha256(text.encode()).hexdigest(), imported


def _source(module: str) -> Path | None:
    """Return the file of a module, or None if the name is that of something inside a module.

    Only the top of the package is looked up by Python: to find a module inside, it would import the
    packages around it, and the run is not to hold torch.
    """
    top, *inside = module.split(".")
    spec = find_spec(top)
    if spec is None or spec.origin is None:
        return None
    if not inside:
        return Path(spec.origin)
    place = Path(spec.origin).parent.joinpath(*inside)
    files = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in files if path.is_file()), None)


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a module imports; relative imports are not used here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                # The package around an imported module counts only if it is itself asked.
                inside = f"{node.module}.{name.name}"
                yield inside if _source(inside) else node.module


def _without_docstrings(tree: ast.Module) -> ast.Module:
    # A docstring, and the text under a constant or a field that documents it, computes nothing.
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [child for child in body if not _is_text(child)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
