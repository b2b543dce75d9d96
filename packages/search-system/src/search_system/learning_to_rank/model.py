"""A trained model, and its file beside the index.

One JSON file holds everything: LightGBM's own text of each booster, the names of the features that
they were trained on, and how far the model is trusted. A model of other features than the index
computes would rank by the wrong numbers, so it is refused.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search_system.errors import IndexMissingError, OptionError
from search_system.learning_to_rank.features import Features
from search_system.learning_to_rank.stored import reading_learnt, write_learnt

MODEL_FILE = "ranking-model.json"
_FORMAT = 3


def lightgbm() -> Any:
    """Return the module; raise `OptionError` that names the extra where it is missing."""
    if importlib.util.find_spec("lightgbm") is None:
        raise OptionError(
            "learning to rank needs LightGBM; install it with: pip install 'search-system[rank]'"
        )
    return importlib.import_module("lightgbm")


@dataclass(frozen=True)
class RankingModel:
    """Boosters whose mean is the model's score."""

    feature_names: tuple[str, ...]
    boosters: tuple[str, ...]
    """Each as LightGBM writes it."""
    weight: float = 0.3
    """How much the model counts beside the first stage, from 0 to 1."""
    depth: int = 50
    """How many of the first candidates it orders anew."""
    trained_on: str | None = None
    """The judgments that it was trained on."""
    _loaded: list[Any] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1 or self.depth < 1:
            raise OptionError(
                f"expected a weight from 0 to 1 and a depth from 1 up, "
                f"not {self.weight} and {self.depth}"
            )

    def scores(self, features: Features) -> NDArray[np.float64]:
        """Return the model's score of each row."""
        if not self._loaded:
            self._loaded.extend(lightgbm().Booster(model_str=text) for text in self.boosters)
        parts = [booster.predict(features, num_threads=1) for booster in self._loaded]
        return np.asarray(np.mean(parts, axis=0), np.float64)

    def importance(self) -> dict[str, float]:
        """Return the share of each feature in what the trees gained, the largest first."""
        boosters = [lightgbm().Booster(model_str=text) for text in self.boosters]
        gains = np.sum([booster.feature_importance("gain") for booster in boosters], axis=0)
        shares = gains / max(float(gains.sum()), 1e-12)
        order = np.argsort(-shares, kind="stable").tolist()
        return {self.feature_names[i]: float(shares[i]) for i in order}

    def save(self, folder: Path) -> Path:
        """Write the model into an index's folder; return the file.

        Raises:
            IndexFolderError: it cannot be written; an earlier model is as it was.
        """
        path = folder / MODEL_FILE
        values = {
            "features": self.feature_names,
            "weight": self.weight,
            "depth": self.depth,
            "trained_on": self.trained_on,
            "boosters": self.boosters,
        }
        write_learnt(path, _FORMAT, values)
        return path

    @classmethod
    def load(cls, folder: Path, feature_names: Sequence[str]) -> Self:
        """Read the model of an index that computes some features.

        Raises:
            IndexMissingError: there is none.
            CorruptIndexError: the file is damaged or of another version.
            OptionError: it was trained on other features.
        """
        path = folder / MODEL_FILE
        try:
            with reading_learnt(path, _FORMAT, "ranking model", "train it again") as values:
                model = cls(
                    tuple(values["features"]), tuple(values["boosters"]),
                    float(values["weight"]), int(values["depth"]), values["trained_on"],
                )  # fmt: skip
        except FileNotFoundError:
            raise IndexMissingError(
                f"{path}: the index has no ranking model; train one first"
            ) from None
        model.check(feature_names, str(path))
        return model

    def check(self, feature_names: Sequence[str], where: str) -> None:
        """Raise `OptionError` if some features are not those that the model was trained on."""
        if self.feature_names != tuple(feature_names):
            odd = sorted({*self.feature_names} ^ {*feature_names}) or ["their order"]
            raise OptionError(
                f"{where}: the model was trained on {len(self.feature_names)} features and the "
                f"index computes {len(feature_names)}; they differ in {', '.join(odd[:3])}; "
                "train it again"
            )
