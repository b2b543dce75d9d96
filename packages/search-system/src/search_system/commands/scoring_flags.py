"""What decides about scores, as flags, for the commands that search."""

from dataclasses import dataclass, replace

from search_system.errors import OptionError
from search_system.scoring.parameters import BM25F
from search_system.searching.semantic import Mode


@dataclass(frozen=True)
class ScoringFlags:
    """How words are scored."""

    k1: float | None = None
    """How much further occurrences of a word in a document count; 0: not at all. By default what
    was tuned, or 1.2."""
    b: float | None = None
    """How far a field's length discounts its occurrences; 0: not at all, 1: in proportion. By
    default what was tuned, or 0.75."""
    weights: tuple[str, ...] = ()
    """Weights of fields other than the index's, such as title=3 brand=0.5."""
    dense_weight: float | None = None
    """How much meaning counts in hybrid results, beside words; from 0 to 1. By default what was
    tuned, or 0.3."""

    def check_mode(self, mode: Mode) -> None:
        """Raise `OptionError` for a flag that is out of bounds, or that the mode does not use."""
        if self.dense_weight is not None:
            if not 0 <= self.dense_weight <= 1:
                raise OptionError(f"expected --dense-weight from 0 to 1, not {self.dense_weight}")
            if mode != "hybrid":
                raise OptionError(
                    "--dense-weight weighs meaning beside words: it takes --mode hybrid"
                )
        if mode == "ranked" and self != ScoringFlags():
            raise OptionError(
                "mode 'ranked' has the index's own parameters: leave out --k1, --b and --weights, "
                "or tune it"
            )

    def __str__(self) -> str:
        """Return what is not the index's own, for a report."""
        numbers = {"k1": self.k1, "b": self.b, "weight of meaning": self.dense_weight}
        said = [f"{name} {value:g}" for name, value in numbers.items() if value is not None]
        return "".join(f", {text}" for text in (*said, *self.weights))

    def parameters(self, own: BM25F) -> BM25F | None:
        """Return the parameters for an index that has its own; None if no flag changes them.

        Raises:
            OptionError: a field is none of its text fields.
        """
        if (self.k1, self.b, self.weights) == (None, None, ()):
            return None
        fields = dict(own.fields)
        if self.b is not None:
            fields = {name: replace(field, b=self.b) for name, field in fields.items()}
        for text in self.weights:
            name, _, value = text.partition("=")
            if name not in fields:
                raise OptionError(
                    f"--weights {text}: no text field '{name}'; there are {', '.join(fields)}"
                )
            try:
                fields[name] = replace(fields[name], weight=float(value))
            except ValueError as error:
                raise OptionError(f"--weights {text}: expected FIELD=NUMBER") from error
        return BM25F(fields, own.k1 if self.k1 is None else self.k1)
