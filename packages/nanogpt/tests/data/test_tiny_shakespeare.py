"""The checksum decides what is tiny Shakespeare, wherever it came from."""

import hashlib
import io
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from nanogpt.data import tiny_shakespeare as module
from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import open_corpus, read_corpus
from nanogpt.data.tiny_shakespeare import tiny_shakespeare
from nanogpt.errors import CorpusError

GENUINE = b"First Citizen:\nBefore we proceed any further, hear me speak.\n"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a short text be the genuine one, and keep tests out of the user's cache."""
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(GENUINE).hexdigest())
    monkeypatch.setattr(module, "SIZE", len(GENUINE))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes | Exception) -> list[str]:
    """Answer every download with ``content``; return the list of addresses asked for."""
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> Any:
        assert timeout > 0
        asked.append(url)
        if isinstance(content, Exception):
            raise content
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_downloaded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = serve(monkeypatch, GENUINE)
    assert read_corpus("tiny-shakespeare") == GENUINE.decode()
    assert read_corpus("tiny-shakespeare") == GENUINE.decode()
    assert asked == [module.URL]
    assert tiny_shakespeare().parent == tmp_path / "cache" / "nanogpt"


def test_damaged_cache_is_downloaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, GENUINE)
    tiny_shakespeare().write_bytes(GENUINE[:-1])
    assert tiny_shakespeare().read_bytes() == GENUINE
    assert len(asked) == 2


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("no route to host"), TimeoutError("timed out")],
)
def test_offline_names_the_way_out(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    serve(monkeypatch, error)
    with pytest.raises(CorpusError, match=r"cannot download .*(no route|timed out).* --file"):
        tiny_shakespeare()


def test_another_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, b"<html>Log in to the hotel's network</html>")
    with pytest.raises(CorpusError, match="did not send tiny Shakespeare, but 42 bytes"):
        tiny_shakespeare()
    assert not (module.cache_folder() / "tinyshakespeare.txt").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serve(monkeypatch, GENUINE)
    tmp_path.chmod(0o500)
    with pytest.raises(CorpusError, match="set XDG_CACHE_HOME"):
        tiny_shakespeare()


def test_copy_is_verified(tmp_path: Path) -> None:
    copy = tmp_path / "input.txt"
    with pytest.raises(CorpusError, match=r"cannot read .*input.txt: No such file"):
        tiny_shakespeare(copy)
    copy.write_bytes(GENUINE.replace(b"\n", b"\r\n"))
    with pytest.raises(CorpusError, match=r"input.txt is not tiny Shakespeare: expected 61 bytes"):
        tiny_shakespeare(copy)
    copy.write_bytes(GENUINE)
    corpus = open_corpus(CorpusConfig(corpus="tiny-shakespeare", file=copy))
    assert "".join(corpus.texts()) == GENUINE.decode()


def test_real_text_has_the_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    root = Path(__file__).parents[4]
    data = Path(os.environ.get("ML_SYSTEMS_DATA", root.parent / "shared" / "data"))
    path = data / "text" / "tinyshakespeare.txt"
    if not path.exists():
        pytest.skip(f"no {path}; set ML_SYSTEMS_DATA")
    config = CorpusConfig(corpus="tiny-shakespeare", file=path)
    assert sum(map(len, open_corpus(config).texts())) == 1_115_394
