"""Settings of the two-tower model."""

from dataclasses import dataclass

from fashion_recsys.errors import SettingError, check_range

_COUNTS = ("history", "word_buckets", "words", "epochs", "max_examples", "uniform_negatives")
_POSITIVE = (
    "learning_rate",
    "temperature",
    "half_life_days",
    "popularity_boost",
    "popularity_smoothing",
)
_SHARES = ("id_dropout", "basket_share")

_PREFIX = "two_tower."
"""How the command line calls these settings."""


@dataclass(frozen=True)
class TwoTowerSettings:
    """What the towers read, how wide they are, and how long they learn."""

    dim: int = 64
    """Width of the saved vectors; the last number is the article's popularity."""
    history: int = 20
    """Latest purchases of a customer that the tower reads."""
    word_buckets: int = 8192
    """Words of the texts are hashed to this many rows."""
    words: int = 24
    """Distinct words of an article that are read."""
    epochs: int = 2
    """Passes over the examples; a third made H&M's recall worse (with an id_dropout of 0.2)."""
    max_examples: int = 1_000_000
    """Examples of one pass: the latest purchases."""
    batch_size: int = 1024
    """Examples of one step; each is a negative of the others."""
    uniform_negatives: int = 1024
    """Articles drawn uniformly for each step, so that unsold articles are negatives too."""
    learning_rate: float = 0.002
    """Step length of Adam."""
    weight_decay: float = 0.0
    """Decay of the dense weights."""
    temperature: float = 0.1
    """Cosines are divided by it; this is where the learned value starts."""
    id_dropout: float = 0.5
    """Share of the articles of a step that are seen without their id, as a new article is; high,
    since ids are what overfits."""
    basket_share: float = 0.7
    """Share of the examples whose history includes the rest of the day's basket."""
    half_life_days: float = 2.0
    """Sales so many days ago count half in the popularity."""
    popularity_boost: float = 1.2
    """In serving, the learned weight of popularity is multiplied by it: what the towers know of
    taste they know a little too surely, having learned it from the same few days."""
    popularity_smoothing: float = 0.5
    """Sales added to every article's popularity, so that none is impossible."""

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_range(4, dim=self.dim)
        check_range(2, **{f"{_PREFIX}batch_size": self.batch_size})
        for name in _COUNTS:
            check_range(1, **{f"{_PREFIX}{name}": getattr(self, name)})
        for name in _POSITIVE:
            self._check(name, "a number above 0", ok=getattr(self, name) > 0)
        for name in _SHARES:
            self._check(name, "a share from 0 to 1", ok=0 <= getattr(self, name) <= 1)
        self._check("weight_decay", "a number of at least 0", ok=self.weight_decay >= 0)

    def _check(self, name: str, expected: str, *, ok: bool) -> None:
        if not ok:
            flag = f"--{(_PREFIX + name).replace('_', '-')}"
            raise SettingError(f"{flag}: expected {expected}, found {getattr(self, name)}")
