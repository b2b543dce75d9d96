"""A search engine from raw documents to a ranked, explained, measured result list.

::

    from search_system import Index, IndexSchema, TextField

    index = Index.open("data/search/mine", IndexSchema({"title": TextField(), "text": TextField()}))
    index.add({"title": "A title", "text": "and its text"}, "1")
    index.commit()
    hits = index.search("title").hits
"""

from search_system.analysis.analyzer import Analyzer
from search_system.analysis.spec import AnalyzerSpec, named_analyzer
from search_system.analysis.synonyms import read_synonyms
from search_system.corpus.collection import Collection, read_qrels, read_queries
from search_system.corpus.document import Document
from search_system.corpus.documents import read_documents
from search_system.errors import (
    CollectionError,
    CorruptIndexError,
    IndexFolderError,
    IndexLockedError,
    IndexMissingError,
    OptionError,
    OutputError,
    SearchSystemError,
)
from search_system.evaluation.comparison import Comparison, compare
from search_system.evaluation.cross_validation import CrossValidation, cross_validate
from search_system.evaluation.estimate import Estimate
from search_system.evaluation.evaluate import (
    Evaluation,
    compare_evaluations,
    evaluate_run,
    run_queries,
)
from search_system.evaluation.grid import GridSearch, grid_search
from search_system.evaluation.metrics import Metrics
from search_system.evaluation.report.model import AblationRow, Baseline, Report
from search_system.evaluation.report.page import write_report
from search_system.evaluation.run_file import read_run, write_run
from search_system.query.parser import ParsedQuery, parse_query
from search_system.retrieval.explanation import Explanation
from search_system.schema import (
    DateField,
    IndexSchema,
    KeywordField,
    NumberField,
    StoredField,
    TextField,
    VectorField,
)
from search_system.schema_guess import guess_schema
from search_system.scoring.explanation import TermExplanation
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.searching.build import build_index
from search_system.searching.highlight import Snippet, highlight
from search_system.searching.hit import Hit
from search_system.searching.index import Index
from search_system.searching.results import Results
from search_system.searching.signals import ScoreExplanation, SignalExplanation

__all__ = [
    "BM25F",
    "AblationRow",
    "Analyzer",
    "AnalyzerSpec",
    "Baseline",
    "Collection",
    "CollectionError",
    "Comparison",
    "CorruptIndexError",
    "CrossValidation",
    "DateField",
    "Document",
    "Estimate",
    "Evaluation",
    "Explanation",
    "FieldParameters",
    "GridSearch",
    "Hit",
    "Index",
    "IndexFolderError",
    "IndexLockedError",
    "IndexMissingError",
    "IndexSchema",
    "KeywordField",
    "Metrics",
    "NumberField",
    "OptionError",
    "OutputError",
    "ParsedQuery",
    "Report",
    "Results",
    "ScoreExplanation",
    "SearchSystemError",
    "SignalExplanation",
    "Snippet",
    "StoredField",
    "TermExplanation",
    "TextField",
    "VectorField",
    "build_index",
    "compare",
    "compare_evaluations",
    "cross_validate",
    "evaluate_run",
    "grid_search",
    "guess_schema",
    "highlight",
    "named_analyzer",
    "parse_query",
    "read_documents",
    "read_qrels",
    "read_queries",
    "read_run",
    "read_synonyms",
    "run_queries",
    "write_report",
    "write_run",
]
