"""How the numbers of a qrels file are read as grades.

Most collections store grades that grow with relevance, and these are nDCG's gains as they stand.
Some store codes: Cranfield's 1 is its best grade, 4 its worst relevant one, and -1 means
irrelevant. Read as gains, those would reward the wrong documents, so a mapping has to be stated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from search_system.corpus.collection import Qrels
from search_system.errors import OptionError


@dataclass(frozen=True, slots=True)
class GradeReading:
    """A rule that turns the codes of a qrels file into grades."""

    name: str
    mapping: Mapping[int, int] | None = None
    """None: the codes are the grades."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reading that ``raw``, ``binary`` or a mapping such as ``1=4,2=3,-1=0`` names.

        Raises:
            OptionError: the text is none of these.
        """
        if text in {"raw", "binary"}:
            return cls(text)
        try:
            pairs = [pair.split("=") for pair in text.split(",")]
            mapping = {int(code): int(grade) for code, grade in pairs}
        except ValueError as error:
            raise OptionError(
                "--grades must be raw, binary or pairs CODE=GRADE such as 1=4,2=3,-1=0, "
                f"not {text!r}"
            ) from error
        return cls(text, mapping)

    def grade(self, code: int) -> int:
        """Return the grade of a code; raise `OptionError` if a mapping leaves it out."""
        if self.mapping is not None:
            if code not in self.mapping:
                raise OptionError(f"--grades {self.name} gives no grade for the judgments' {code}")
            return self.mapping[code]
        return int(code > 0) if self.name == "binary" else code

    def apply(self, qrels: Qrels) -> Qrels:
        """Return judgments with their codes read as grades."""
        return {
            query_id: {doc_id: self.grade(code) for doc_id, code in judged.items()}
            for query_id, judged in qrels.items()
        }
