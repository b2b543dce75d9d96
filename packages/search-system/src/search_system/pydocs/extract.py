"""Turn source files into documents: one per module, class and function with a docstring.

Files are parsed, never imported, so nothing of them runs. Names that begin with an underscore are
left out, and so are functions inside functions. Parsing takes nearly all of the time, and is spread
over processes.
"""

import ast
import gc
import inspect
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from typing import Any

from search_system.corpus.document import Document
from search_system.pydocs.sources import SourceFile

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_CHUNK = 16
# The parser raises all of these for odd files: null bytes, and nesting too deep for its stack.
_UNREADABLE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)


def read_docs(sources: Iterable[SourceFile], jobs: int) -> Iterator[list[Document]]:
    """Yield each file's documents, in the order of the files; one that does not parse has none."""
    if jobs == 1:
        yield from map(extract, sources)
        return
    # Syntax trees hold no cycles: looking for some takes a fifth of the time.
    with ProcessPoolExecutor(jobs, initializer=gc.disable) as pool:
        yield from pool.map(extract, sources, chunksize=_CHUNK)


def extract(source: SourceFile) -> list[Document]:
    """Return the documents of one file."""
    documents: list[Document] = []
    with warnings.catch_warnings(), suppress(*_UNREADABLE):
        warnings.simplefilter("ignore")  # about the parsed file's style, not ours to fix
        tree = ast.parse(source.path.read_bytes())
        if (doc := ast.get_docstring(tree)) and source.module:
            extra = {"kind": "module", "signature": f"import {source.module}", "line": 1}
            documents.append(_document(source, source.module, doc, extra))
        documents += _members(source, tree.body, source.module, in_class=False)
    return documents


def _members(
    source: SourceFile, body: list[ast.stmt], prefix: str, *, in_class: bool
) -> Iterator[Document]:
    for node in _definitions(body):
        if node.name.startswith("_"):
            continue
        name = f"{prefix}.{node.name}"
        if doc := ast.get_docstring(node, clean=False):
            kind, signature = _describe(node, in_class=in_class)
            extra = {"kind": kind, "signature": signature, "line": node.lineno}
            yield _document(source, name, inspect.cleandoc(doc), extra)
        if isinstance(node, ast.ClassDef):
            yield from _members(source, node.body, name, in_class=True)


def _definitions(body: list[ast.stmt]) -> Iterator[_Definition]:
    """Yield the definitions of a body, those under a condition included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        elif isinstance(node, ast.If):
            yield from _definitions(node.body + node.orelse)
        elif isinstance(node, ast.Try):
            handlers = [statement for handler in node.handlers for statement in handler.body]
            yield from _definitions(node.body + handlers + node.orelse)


def _describe(node: _Definition, *, in_class: bool) -> tuple[str, str]:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return "class", f"class {node.name}({bases})" if bases else f"class {node.name}"
    prefix = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    signature = f"{prefix} {node.name}({ast.unparse(node.args)}){returns}"
    return "method" if in_class else "function", signature


def _document(source: SourceFile, name: str, doc: str, extra: dict[str, Any]) -> Document:
    places = {"file": source.shown_path, "path": str(source.path)}
    return Document(name, {"title": name, "text": doc} | extra | places)


def distinct(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield documents whose id is new: of a name that is defined twice, the first counts."""
    seen: set[str] = set()
    for document in documents:
        if document.id not in seen:
            seen.add(document.id)
            yield document
