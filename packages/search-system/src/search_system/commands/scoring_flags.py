"""BM25F's parameters as flags, for the commands that search."""

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

    def __str__(self) -> str:
        """Return what is not the index's own, for a report."""
        numbers = {"k1": self.k1, "b": self.b}
        said = [f"{name} {value:g}" for name, value in numbers.items() if value is not None]
        return "".join(f", {text}" for text in (*said, *self.weights))

    def parameters(self, own: BM25F, mode: Mode) -> BM25F | None:
        """Return the parameters for an index that has its own; None if no flag is given.

        Raises:
            OptionError: a field is none of its text fields, or the mode takes no parameters.
        """
        if self == ScoringFlags():
            return None
        if mode == "ranked":
            raise OptionError("mode 'ranked' has the index's own parameters: leave out --k1, --b "
                              "and --weights, or tune it")  # fmt: skip
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
