"""How many candidates each source may propose for a customer: the size of the pool.

Chosen on 19 and 20 September of the H&M days by what each source adds to the others. The lists by
taste are the longest since their recall grows the longest; the best sellers are there for customers
without history; the lists by age, where the log knows ages as rarely as H&M's sample does, add 0.1%
of the purchases. Time and memory of a run are proportional to the sum.
"""

from dataclasses import dataclass, fields

from fashion_recsys.errors import check_range


@dataclass(frozen=True)
class Budgets:
    """Longest list of each candidate source; 0 leaves the source out."""

    own_purchases: int = 50
    """What the customer bought before."""
    product_variants: int = 20
    """The same products in other colours."""
    bought_together: int = 100
    """What others bought who bought the same."""
    attributes: int = 50
    """Articles like those bought before, sold or not."""
    best_sellers_by_taste: int = 300
    """Best sellers, tilted to the customer's kinds."""
    best_sellers: int = 100
    """Best sellers of the last days."""
    best_sellers_by_age: int = 0
    """Best sellers among customers of the same age."""
    two_tower: int = 150
    """Nearest articles of the two-tower model."""

    def __post_init__(self) -> None:
        """Refuse negative budgets."""
        check_range(0, **{f"budgets.{field.name}": self.of(field.name) for field in fields(self)})

    def of(self, source: str) -> int:
        """Return the budget of a source, given its name."""
        return int(getattr(self, source.replace(" ", "_").replace("-", "_")))
