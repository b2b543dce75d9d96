"""The tuned parameters of an index, in a JSON file in its folder.

::

    {"format": 1,
     "bm25f": {"k1": 0.4, "fields": {"title": {"weight": 2.0, "b": 0.5}, ...}},
     "blend": {"category": 0.2, "feedback": 0.2, ...}}
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_system import disk
from search_system.errors import CorruptIndexError, IndexMissingError, OptionError
from search_system.learning_to_rank.first_stage import Blend
from search_system.scoring.parameters import BM25F, FieldParameters

PARAMETERS_FILE = "ranking-parameters.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RankingParameters:
    """What tuning finds."""

    bm25f: BM25F
    blend: Blend

    def save(self, folder: Path) -> Path:
        """Write the parameters into an index's folder in one step; return the file.

        Raises:
            IndexFolderError: it cannot be written; an earlier file is as it was.
        """
        fields = {name: asdict(field) for name, field in self.bm25f.fields.items()}
        bm25f = {"k1": self.bm25f.k1, "fields": fields}
        values = {"format": _FORMAT, "bm25f": bm25f, "blend": asdict(self.blend)}
        with disk.writing(folder):
            data = json.dumps(values, indent=1, ensure_ascii=False).encode()
            disk.replace_file(folder / PARAMETERS_FILE, data, durable=True)
        return folder / PARAMETERS_FILE

    @classmethod
    def load(cls, folder: Path) -> "RankingParameters":
        """Read the parameters of an index.

        Raises:
            IndexMissingError: none were saved.
            CorruptIndexError: the file is not what was written.
        """
        path = folder / PARAMETERS_FILE
        try:
            values = json.loads(path.read_bytes())
            if values["format"] != _FORMAT:
                raise CorruptIndexError(
                    f"{path}: parameters of format {values['format']}, expected {_FORMAT}; "
                    "tune them again"
                )
            return cls(_bm25f(values["bm25f"]), Blend(**values["blend"]))
        except FileNotFoundError:
            raise IndexMissingError(
                f"{path}: the index has no tuned parameters; tune them first"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OptionError) as error:
            raise CorruptIndexError(
                f"{path}: no parameters can be read ({error}); tune them again"
            ) from error


def _bm25f(values: Mapping[str, Any]) -> BM25F:
    fields = {name: FieldParameters(**field) for name, field in values["fields"].items()}
    return BM25F(fields, values["k1"])
