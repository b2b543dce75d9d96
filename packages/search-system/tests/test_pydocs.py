"""The documents of the demo: taken from source text, which is never run."""

import json
import sys
from pathlib import Path

import pytest

from search_system import Analyzer, Document, Index, build_index, named_analyzer
from search_system.commands.demo import SCHEMA
from search_system.pydocs.extract import distinct, extract, read_docs
from search_system.pydocs.known_items import find_known_items, make_query
from search_system.pydocs.sources import SourceFile, default_roots, find_sources, within

SOURCE = '''"""A module."""
raise SystemExit("this must not run")

class Shop(dict, metaclass=Meta):
    """Sells things."""
    def buy(self, item: str, *, n: int = 1) -> "Receipt":
        """Buy an item.

            Indented.
        """
        def inner():
            """Left out."""
    async def wait(self): "Wait for it."
    def _private(self):
        """Left out."""
    def silent(self): pass

if True:
    def on_linux(): """Under a condition."""
else:
    def on_linux(): """The other."""
try:
    def fast(): """Tried."""
except ImportError:
    def slow(): """Handled."""
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {
        "pkg/__init__.py": '"""The package."""',
        "pkg/shop.py": SOURCE,
        "pkg/broken.py": "def (:",
        "pkg/binary.py": "\0",
        "pkg/deep.py": "x = " + "-" * 100_000 + "1",
        "pkg/warns.py": '"""A \\d."""\nx = "\\d"',
        "pkg/tests/test_x.py": '"""A test."""',
        "pkg-1.0.dist-info/x.py": '"""Not importable."""',
        "single.py": '"""One."""',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "pkg" / "latin.py").write_bytes(b'# coding: latin-1\n"""Caf\xe9."""')
    return tmp_path


def documents_of(package: Path, jobs: int = 1) -> dict[str, Document]:
    files = read_docs(find_sources([package]), jobs)
    return {d.id: d for d in distinct(d for file in files for d in file)}


def test_sources_are_modules_in_a_stable_order(package: Path) -> None:
    (package / "pkg" / "loop").symlink_to(package, target_is_directory=True)
    sources = find_sources([package, package / "nothing"])
    names = [source.module for source in sources]
    broken = ["pkg.binary", "pkg.broken", "pkg.deep"]
    assert names == ["pkg", *broken, "pkg.latin", "pkg.shop", "pkg.warns", "single"]
    assert [sources[i].shown_path for i in (0, 5, 7)] == [
        "pkg/__init__.py", "pkg/shop.py", "single.py",
    ]  # fmt: skip


def test_the_largest_packages_are_left_out_first() -> None:
    sizes = {"big.a": 30, "big.b": 30, "small": 10, "middle.x": 25}
    sources = [SourceFile(Path(name), name, size) for name, size in sizes.items()]
    for limit, expected in (
        (95, (["big.a", "big.b", "small", "middle.x"], [])),
        (94, (["small", "middle.x"], ["big"])),
        (34, (["small"], ["big", "middle"])),
        (0, ([], ["big", "middle", "small"])),
    ):
        kept, left_out = within(sources, limit)
        assert ([source.module for source in kept], left_out) == expected


def test_documents_are_public_definitions_with_a_docstring(package: Path) -> None:
    documents = documents_of(package)
    signatures = {name: d.fields["signature"] for name, d in documents.items()}
    assert signatures == {
        "pkg": "import pkg",
        "pkg.latin": "import pkg.latin",
        "pkg.shop": "import pkg.shop",
        "pkg.shop.Shop": "class Shop(dict)",
        "pkg.shop.Shop.buy": "def buy(self, item: str, *, n: int=1) -> 'Receipt'",
        "pkg.shop.Shop.wait": "async def wait(self)",
        "pkg.shop.on_linux": "def on_linux()",
        "pkg.shop.fast": "def fast()",
        "pkg.shop.slow": "def slow()",
        "pkg.warns": "import pkg.warns",
        "single": "import single",
    }
    assert documents["pkg.shop.Shop.buy"].fields["text"] == "Buy an item.\n\nIndented."
    assert documents["pkg.shop.on_linux"].fields["text"] == "Under a condition."
    assert documents["pkg.latin"].fields["text"] == "Café."
    buy = documents["pkg.shop.Shop.buy"].fields
    assert (buy["kind"], buy["file"], buy["line"]) == ("method", "pkg/shop.py", 6)
    assert "this must not run" in Path(buy["path"]).read_text()


def test_processes_change_nothing(package: Path) -> None:
    assert documents_of(package, jobs=2) == documents_of(package)


def test_a_file_that_has_gone_has_no_documents(tmp_path: Path) -> None:
    assert extract(SourceFile(tmp_path / "gone.py", "gone")) == []


def test_the_standard_library_is_found() -> None:
    modules = {source.module for source in find_sources(default_roots()[:1])}
    assert {"json", "json.decoder", "csv"} <= modules
    assert len(modules & sys.stdlib_module_names) > 100


def test_known_items_are_found_and_counted(tmp_path: Path) -> None:
    file = SourceFile(Path(json.__file__), "json")
    documents = extract(file)
    build_index(tmp_path / "json", documents, SCHEMA)
    index = Index.open(tmp_path / "json")
    result = find_known_items(index, 100, seed=0)
    assert 0 < result.items <= len(documents)
    assert 0.5 < result.mrr <= 1
    assert result.found_first <= result.mrr
    assert result == find_known_items(index, 100, seed=0)
    assert find_known_items(index, 0, seed=0).items == 0


def test_a_query_has_none_of_its_objects_name() -> None:
    analyzer, text = (
        Analyzer(named_analyzer("code")),
        "Read CSV files that other programs wrote. More.",
    )
    assert make_query("csv.reader", text, analyzer) == "Read files that other programs wrote"
    assert make_query("csv", "Too short.", analyzer) is None
