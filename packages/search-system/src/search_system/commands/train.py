"""``search-system train``: a model that orders the first results anew, and its worth."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional

from search_system.commands.judgments import Judgments, read_judgments
from search_system.commands.learning_output import gain_line, keep
from search_system.commands.search import find_index
from search_system.corpus.collection import TO_LEARN
from search_system.learning_to_rank.cross_validated import TrainedModel, train_cross_validated
from search_system.learning_to_rank.model import RankingModel
from search_system.learning_to_rank.training import TrainingOptions
from search_system.output import print_json, stdout, track
from search_system.searching.index import Index
from search_system.searching.pipeline import RankingPipeline
from search_system.searching.tuning import positive_qrels

_SHOWN = 8


@dataclass(frozen=True)
class TrainConfig:
    """Train LambdaMART on judged queries to order the first results of mode ranked anew.

    The queries are dealt into folds; each fold is ranked by a model that was trained on the others,
    so the gain is that of queries which the model has not seen. A model that gains is stored with
    the index, and mode ranked uses it from then on. Tune before you train: a model learns from the
    scores that it finds.

    Example: search-system train nfcorpus --index nfcorpus
    """

    collection: Positional[Path]
    """The folder with queries.jsonl and qrels/ of documents that the index holds."""
    index: Path | None = None
    """The index's folder, or its name under data/search; by default the one built last."""
    split: str | None = None
    """The judgments to use: train if there are any, else dev, else test."""
    grades: str = "raw"
    """How the judgments' numbers are read: raw, binary, or a mapping such as 1=4,2=3,3=2,4=1."""
    folds: int = 5
    """How many models are trained to measure them."""
    training: TrainingOptions = field(default_factory=TrainingOptions)
    dry_run: bool = False
    """Store nothing."""
    json: bool = False
    """Print JSON instead of a table."""

    def run(self) -> None:
        """Train, print, and store a model that gains."""
        judgments = read_judgments(self.collection, self.split, self.grades, TO_LEARN)
        qrels = positive_qrels(judgments.qrels)
        queries = {query_id: judgments.queries[query_id] for query_id in qrels}
        index = Index.open(find_index(self.index))
        # Not index.pipeline: a stored model that cannot be read is to be replaced.
        extractor = RankingPipeline(index.searcher, index.parameters).extractor

        def progress(ids: Iterable[str]) -> Iterable[str]:
            return track(ids, "computing features", total=len(queries))

        trained = train_cross_validated(
            extractor, queries, qrels, self.training, folds=self.folds, track=progress
        )
        model = replace(trained.model, trained_on=judgments.name)
        saves = keep(trained.cross_validation.gain) and not self.dry_run
        path = model.save(index.folder) if saves else None
        if self.json:
            print_json(_json(index, judgments, trained, path))
        else:
            self._print(index, judgments, trained, path)

    def _print(
        self, index: Index, judgments: Judgments, trained: TrainedModel, path: Path | None
    ) -> None:
        console = stdout()
        measured, model = trained.cross_validation, trained.model
        title = (
            f"{index.folder}, {len(measured.by_query):,} queries of {judgments.name} with a "
            f"relevant document, {len(model.feature_names)} features"
        )
        console.print(escape(title), style="dim", soft_wrap=True)
        console.print(gain_line(measured.gain, len(measured.folds)), soft_wrap=True)
        if index.parameters.tuned_on == judgments.name:
            note = (
                "The index was tuned on these queries: both figures are too good, the gain less so."
            )
            console.print(note, style="dim", soft_wrap=True)
        console.print(_importance_table(model))
        if path:
            line = f"Saved: {path}. Searches in mode ranked use it from now on."
        elif self.dry_run:
            line = "Nothing saved (--dry-run)."
        else:
            line = "Nothing saved: on queries that it has not seen, the model does not gain."
        console.print(escape(line), style="dim", soft_wrap=True)


def _importance_table(model: RankingModel) -> Table | str:
    """Return the features that the trees gained most by."""
    shares = [(name, share) for name, share in model.importance().items() if share > 0]
    if not shares:
        return "The trees found nothing to split on: there are too few judged documents."
    table = Table(box=None, pad_edge=False)
    table.add_column("feature")
    table.add_column("share of the gain", justify="right")
    for name, share in shares[:_SHOWN]:
        table.add_row(escape(name), f"{share:.1%}")
    return table


def _json(
    index: Index, judgments: Judgments, trained: TrainedModel, path: Path | None
) -> dict[str, Any]:
    measured = trained.cross_validation
    return {
        "index": str(index.folder),
        "judgments": judgments.name,
        "queries": len(measured.by_query),
        "folds": [list(fold.queries) for fold in measured.folds],
        "ndcg_at_10": asdict(measured.gain),
        "importance": trained.model.importance(),
        "saved": str(path) if path else None,
    }
