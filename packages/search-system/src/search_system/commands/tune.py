"""``search-system tune``: the best parameters of an index for judged queries, and their worth."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional

from search_system.commands.judgments import Judgments, read_judgments
from search_system.commands.learning_output import gain_line, keep
from search_system.commands.search import find_index
from search_system.corpus.collection import TO_LEARN, Qrels
from search_system.errors import CorruptIndexError, OptionError
from search_system.evaluation.comparison import Comparison
from search_system.evaluation.labels import format_p
from search_system.learning_to_rank.model import MODEL_FILE
from search_system.learning_to_rank.parameters_file import RankingParameters
from search_system.output import counting, print_json, stderr, stdout
from search_system.schema import IndexSchema
from search_system.searching.pipeline import RankingPipeline
from search_system.searching.searcher import Searcher
from search_system.searching.tuning import (
    IndexTuning,
    positive_qrels,
    tune,
    worth_of_switches,
)
from search_system.store.snapshot import open_snapshot
from search_system.understanding.understand import Switches

TunedMode = Literal["lexical", "hybrid", "ranked"]


@dataclass(frozen=True)
class TuneConfig:
    """Find the parameters of an index that rank judged queries best, and what they gain on others.

    k1, b and the weights of fields are tuned for every mode, and what the mode adds: the weight of
    meaning (hybrid), those of all signals beside the words (ranked). The queries are dealt into
    folds; each fold is measured with what the others choose, so the gain is that of queries which
    did not choose. What gains is stored with the index, and used by every search from then on.

    Example: search-system tune nfcorpus --index nfcorpus --mode hybrid
    """

    collection: Positional[Path]
    """The folder with queries.jsonl and qrels/ of documents that the index holds."""
    index: Path | None = None
    """The index's folder, or its name under data/search; by default the one built last."""
    mode: TunedMode = "lexical"
    """What to tune: lexical (by words), hybrid (and meaning), ranked (by all the index has)."""
    split: str | None = None
    """The judgments to use: train if there are any, else dev, else test."""
    grades: str = "raw"
    """How the judgments' numbers are read: raw, binary, or a mapping such as 1=4,2=3,3=2,4=1."""
    hold: tuple[str, ...] = ()
    """Parameters that stay as they are, by the names that the table has."""
    folds: int = 5
    """How many parts of the queries are measured with what the others choose."""
    switches: Switches = field(default_factory=Switches)
    """The steps of query understanding in mode ranked."""
    brand_field: str | None = None
    """The keyword field with brands; guessed by its name."""
    category_fields: tuple[str, ...] = ()
    """Keyword fields that tell kinds of documents apart; all but the brand by default."""
    most_queries: int = 500
    """If there are more queries, draw so many by --seed: each setting has to rank all of them."""
    seed: int = 0
    """Draws the queries and deals them into folds."""
    dry_run: bool = False
    """Store nothing."""
    json: bool = False
    """Print JSON instead of tables."""

    def run(self) -> None:
        """Tune, print, and store what gains."""
        judgments = read_judgments(self.collection, self.split, self.grades, TO_LEARN)
        qrels = self._drawn(positive_qrels(judgments.qrels))
        folder = find_index(self.index)
        searcher = Searcher(open_snapshot(folder))
        own = _stored(folder, searcher.schema)
        with counting("tuning", "settings tried") as progress:
            found = tune(
                searcher, self._defaults(own, searcher.schema), judgments.queries, qrels,
                self.mode, held=self.hold, folds=self.folds, seed=self.seed, progress=progress,
            )  # fmt: skip
        parameters = replace(found.parameters, tuned_on=judgments.name)
        worth = self._worth(searcher, parameters, judgments.queries, qrels)
        gain = found.tuning.cross_validation.gain
        changed = found.tuning.best != found.start
        path = None
        if keep(gain) and changed and not self.dry_run:
            path = parameters.save(folder)
            # A model sees the first stage's scores: it was trained on others.
            (folder / MODEL_FILE).unlink(missing_ok=True)
        if self.json:
            print_json(self._json(folder, judgments, found, worth, path))
        else:
            n_queries = len(found.tuning.cross_validation.by_query)
            title = (
                f"{folder}, mode {self.mode}, {n_queries:,} queries of {judgments.name} with a "
                "relevant document"
            )
            _print(title, found, worth, self._outcome(found, own, path))

    def _defaults(self, own: RankingParameters, schema: IndexSchema) -> RankingParameters:
        """Return where to begin: what this mode tunes is as in a new index."""
        new = RankingParameters.default(schema)
        catalogue = replace(
            new.catalogue,
            brand_field=self.brand_field or new.catalogue.brand_field,
            category_fields=self.category_fields or new.catalogue.category_fields,
        )
        defaults = RankingParameters(
            new.bm25f,
            new.dense_weight if self.mode == "hybrid" else own.dense_weight,
            new.blend if self.mode == "ranked" else own.blend,
            catalogue if self.mode == "ranked" else own.catalogue,
            self.switches if self.mode == "ranked" else own.switches,
        )
        defaults.check(schema, "tune")
        return defaults

    def _drawn(self, qrels: Qrels) -> Qrels:
        if self.most_queries < 1:
            raise OptionError(f"expected --most-queries from 1 up, not {self.most_queries}")
        if len(qrels) <= self.most_queries:
            return qrels
        drawn = set(random.Random(self.seed).sample(sorted(qrels), self.most_queries))
        return {query_id: judged for query_id, judged in qrels.items() if query_id in drawn}

    def _worth(
        self,
        searcher: Searcher,
        parameters: RankingParameters,
        queries: dict[str, str],
        qrels: Qrels,
    ) -> dict[str, Comparison]:
        if self.mode != "ranked":
            return {}
        pipeline = RankingPipeline(searcher, parameters)
        return worth_of_switches(pipeline, queries, qrels)

    def _json(
        self, folder: Path, judgments: Judgments, found: IndexTuning,
        worth: Mapping[str, Comparison], path: Path | None,
    ) -> dict[str, Any]:  # fmt: skip
        measured = found.tuning.cross_validation
        return {
            "index": str(folder),
            "judgments": judgments.name,
            "mode": self.mode,
            "queries": len(measured.by_query),
            "defaults": dict(found.start),
            "tuned": found.tuning.best,
            "folds": [asdict(fold) for fold in measured.folds],
            "ndcg_at_10": asdict(measured.gain),
            "switches": {name: asdict(comparison) for name, comparison in worth.items()},
            "saved": str(path) if path else None,
        }

    def _outcome(self, found: IndexTuning, own: RankingParameters, path: Path | None) -> str:
        """Return what became of the parameters."""
        if path:
            return f"Saved: {path}. Searches use it from now on; a model has to be trained anew."
        if found.tuning.best == found.start:
            line = "The defaults stay: no other setting is better beyond chance."
        elif self.dry_run:
            line = "Nothing saved (--dry-run)."
        else:
            line = "Nothing saved: on queries that did not choose it, tuning does not gain."
        before = f" What was tuned before, on {own.tuned_on}, stays in use." if own.tuned_on else ""
        return line + before


def _stored(folder: Path, schema: IndexSchema) -> RankingParameters:
    """Return the parameters of an index; the defaults where they are to be replaced anyway."""
    try:
        return RankingParameters.load(folder, schema)
    except (CorruptIndexError, OptionError) as error:
        stderr().print(f"note: {error}", style="yellow", soft_wrap=True, markup=False)
        return RankingParameters.default(schema)


def _print(title: str, found: IndexTuning, worth: Mapping[str, Comparison], outcome: str) -> None:
    """Print what was tuned, the gain, and what became of it."""
    console = stdout()
    measured = found.tuning.cross_validation
    console.print(escape(title), style="dim", soft_wrap=True)
    console.print(_points_table(found))
    console.print(gain_line(measured.gain, len(measured.folds)), soft_wrap=True)
    if worth:
        console.print(_switches_table(worth))
    console.print(escape(outcome), style="dim", soft_wrap=True)


def _points_table(found: IndexTuning) -> Table:
    """Return each parameter's default, what is best on all queries, and what the folds chose."""
    table = Table(box=None, pad_edge=False)
    table.add_column("parameter")
    table.add_column("default", justify="right")
    table.add_column("tuned", justify="right")
    table.add_column("in the folds")
    for name, value in found.start.items():
        chosen = Counter(fold.setting[name] for fold in found.tuning.cross_validation.folds)
        folds = ", ".join(f"{v:g} ({n} times)" for v, n in chosen.most_common())
        table.add_row(escape(name), f"{value:g}", f"{found.tuning.best[name]:g}", folds)
    return table


def _switches_table(worth: Mapping[str, Comparison]) -> Table:
    """Return what each step of query understanding is worth."""
    title = "each step of understanding, with what all queries chose"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("step", no_wrap=True)
    for name in ("with it", "gain", "95% interval", "won / lost / tied", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, c in worth.items():
        interval = "-" if c.gain.low is None else f"{c.gain.low:+.4f} to {c.gain.high:+.4f}"
        table.add_row(
            name, f"{c.baseline_mean + c.gain.mean:.4f}", f"{c.gain.mean:+.4f}", interval,
            f"{c.wins:,} / {c.losses:,} / {c.ties:,}", format_p(c.p_randomisation),
        )  # fmt: skip
    return table
