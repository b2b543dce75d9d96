"""The code that a stage can reach is part of its key; comments and docstrings are not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_recsys.pipeline import fingerprint
from fashion_recsys.pipeline.fingerprint import code_fingerprint

MODULES = {
    "__init__.py": "from shop.unrelated import nothing\n",
    "stage.py": "from shop import helper\n\ndef run():\n    from shop.deep.late import late\n",
    "helper.py": '"""Help."""\nLIMIT = 3  # why\n"""A limit."""\n',
    "deep/__init__.py": "",
    "deep/late.py": "import json\n\nlate = 1\n",
    "unrelated.py": "nothing = 0\n",
}


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], bool]:
    """Return a function that edits a module and tells whether the stage's fingerprint changed."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shop" / "deep").mkdir(parents=True)
    for name, text in MODULES.items():
        (tmp_path / "shop" / name).write_text(text)

    def of_now() -> str:
        fingerprint._parsed.cache_clear()
        return code_fingerprint("shop.stage")

    def edit(name: str, text: str) -> bool:
        before = of_now()
        (tmp_path / "shop" / name).write_text(text)
        after = of_now()
        (tmp_path / "shop" / name).write_text(MODULES[name])
        return before != after

    return edit


def test_an_edit_of_what_the_stage_reaches_counts(changed: Callable[[str, str], bool]) -> None:
    assert changed("stage.py", MODULES["stage.py"] + "    return 1\n")
    assert changed("helper.py", "LIMIT = 4\n")
    assert changed("deep/late.py", "late = 2\n")


def test_other_edits_do_not(changed: Callable[[str, str], bool]) -> None:
    assert not changed("unrelated.py", "nothing = 1\n")
    assert not changed("helper.py", '"""Other words."""\n\nLIMIT   = 3\n"""The limit."""\n')


def test_nothing_is_imported_to_find_out() -> None:
    import sys

    before = set(sys.modules)
    assert code_fingerprint("fashion_recsys.cli") != code_fingerprint("fashion_recsys.config")
    assert not {name for name in set(sys.modules) - before if "torch" in name or "faiss" in name}
