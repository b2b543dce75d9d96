"""What decides about scores, as flags, for the commands that search."""

from dataclasses import dataclass

from search_system.errors import OptionError
from search_system.schema import IndexSchema, TextField
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.searching.semantic import DENSE_WEIGHT, Mode


@dataclass(frozen=True)
class ScoringFlags:
    """How documents are scored."""

    k1: float = 1.2
    """How much further occurrences of a word in a document count; 0: not at all."""
    b: float = 0.75
    """How far a field's length discounts its occurrences; 0: not at all, 1: in proportion."""
    weights: tuple[str, ...] = ()
    """Weights of fields other than the schema's, such as title=3 brand=0.5."""
    dense_weight: float = DENSE_WEIGHT
    """How much meaning counts in hybrid results, beside words; from 0 to 1."""

    def check_mode(self, mode: Mode) -> None:
        """Raise `OptionError` for a weight that is none, or that the mode does not use."""
        if not 0 <= self.dense_weight <= 1:
            raise OptionError(f"expected --dense-weight from 0 to 1, not {self.dense_weight}")
        if self.dense_weight != DENSE_WEIGHT and mode != "hybrid":
            raise OptionError("--dense-weight weighs meaning beside words: it takes --mode hybrid")

    def parameters(self, schema: IndexSchema) -> BM25F:
        """Return the parameters for an index; raise `OptionError` for a field it has not."""
        weights = {name: field.weight for name, field in schema.of_type(TextField).items()}
        for text in self.weights:
            name, _, value = text.partition("=")
            if name not in weights:
                raise OptionError(
                    f"--weights {text}: no text field '{name}'; there are {', '.join(weights)}"
                )
            try:
                weights[name] = float(value)
            except ValueError as error:
                raise OptionError(f"--weights {text}: expected FIELD=NUMBER") from error
        return BM25F({name: FieldParameters(w, self.b) for name, w in weights.items()}, self.k1)
