"""The settings of the ranking stage."""

from dataclasses import dataclass
from typing import Literal

from fashion_recsys.errors import SettingError, check_range

_COUNTS = (
    "negatives_per_customer",
    "max_trees",
    "patience",
    "trees_without_validation",
    "min_data_in_leaf",
    "truncation",
    "models",
    "threads",
)


@dataclass(frozen=True)
class RankerSettings:
    """How the ranker learns. Trees are few and small: on the H&M days, more of them overfit.

    Measured there on 18, 19 and 20 September (customers with history, gain in MAP@12 over own
    purchases and best sellers, standard error 0.002): XE-NDCG with this rate and 80 trees 0.0185;
    LambdaRank 0.0144 to 0.0170, binary cross-entropy 0.0172, the three averaged 0.0177; 200
    negatives instead of 60 lose 0.001, and so do 7 leaves instead of 15.
    """

    objective: Literal["rank_xendcg", "lambdarank"] = "rank_xendcg"
    """The loss: the cross-entropy of Bruch (2021), or LambdaRank (Burges 2010). With few lists to
    learn from, the first was better on H&M; with thousands, they are equal."""
    negatives_per_customer: int = 60
    """Negatives to keep of each customer's pool."""
    max_trees: int = 300
    """Most trees; early stopping takes fewer."""
    patience: int = 50
    """Trees without a gain on the latest period after which training stops."""
    trees_without_validation: int = 80
    """Trees if there is a single period, which leaves none to stop on."""
    learning_rate: float = 0.04
    """Weight of each tree."""
    num_leaves: int = 15
    """Leaves of a tree."""
    min_data_in_leaf: int = 100
    """Rows that a leaf needs."""
    lambda_l2: float = 5.0
    """Shrinks the values of the leaves."""
    feature_fraction: float = 0.6
    """Part of the features that each tree sees."""
    bagging_fraction: float = 0.8
    """Part of the rows that each tree sees."""
    truncation: int = 20
    """Ranks that LambdaRank cares about: a little more than the list that is shown."""
    models: int = 3
    """Models of different seeds whose scores are averaged, which lowers the noise of each."""
    threads: int = 2
    """Threads of LightGBM."""

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        for name in _COUNTS:
            check_range(1, **{f"ranker.{name}": getattr(self, name)})
        check_range(2, **{"ranker.num_leaves": self.num_leaves})
        if self.objective not in ("rank_xendcg", "lambdarank"):
            raise SettingError(
                f"--ranker.objective: expected rank_xendcg or lambdarank, found {self.objective}"
            )
        for name in ("learning_rate", "feature_fraction", "bagging_fraction"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                flag = name.replace("_", "-")
                raise SettingError(
                    f"--ranker.{flag}: expected more than 0, at most 1; found {value}"
                )
        if not self.lambda_l2 >= 0.0:
            raise SettingError(f"--ranker.lambda-l2: expected at least 0, found {self.lambda_l2}")


@dataclass(frozen=True)
class RuleSettings:
    """What is done to a ranked list before it is shown."""

    k: int = 12
    """Articles per customer."""
    owned: Literal["keep", "drop", "first"] = "keep"
    """Articles that the customer bought before: rank them like others, leave them out, or put
    them before all others."""
    diversity: float = 0.0
    """Places that an article moves back for each better article of its kind; 0 is off."""

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_range(1, **{"rules.k": self.k})
        if self.owned not in ("keep", "drop", "first"):
            raise SettingError(f"--rules.owned: expected keep, drop or first, found {self.owned}")
        if not self.diversity >= 0.0:
            raise SettingError(f"--rules.diversity: expected at least 0, found {self.diversity}")
