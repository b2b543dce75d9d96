"""A search engine from raw documents to a ranked, measured result list.

::

    from search_system import Document, Index, write_index

    write_index("data/search/mine", [Document("1", "A title", "and its text")])
    index = Index.open("data/search/mine")
    hits = index.search("title")
"""

from search_system.analysis.analyzer import AnalysisConfig, Analyzer
from search_system.analysis.spec import AnalyzerSpec, named_analyzer
from search_system.analysis.synonyms import read_synonyms
from search_system.corpus.collection import Collection, read_qrels, read_queries
from search_system.corpus.document import Document
from search_system.corpus.documents import Schema, choose_schema, read_documents
from search_system.engine import Hit, Index
from search_system.errors import (
    CollectionError,
    CorruptIndexError,
    IndexFolderError,
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
from search_system.index.writer import write_index
from search_system.query.parser import ParsedQuery, parse_query
from search_system.ranking.bm25 import BM25, Explanation, TermExplanation
from search_system.snippet import Snippet, make_snippet

__all__ = [
    "BM25",
    "AblationRow",
    "AnalysisConfig",
    "Analyzer",
    "AnalyzerSpec",
    "Baseline",
    "Collection",
    "CollectionError",
    "Comparison",
    "CorruptIndexError",
    "CrossValidation",
    "Document",
    "Estimate",
    "Evaluation",
    "Explanation",
    "GridSearch",
    "Hit",
    "Index",
    "IndexFolderError",
    "IndexMissingError",
    "Metrics",
    "OptionError",
    "OutputError",
    "ParsedQuery",
    "Report",
    "Schema",
    "SearchSystemError",
    "Snippet",
    "TermExplanation",
    "choose_schema",
    "compare",
    "compare_evaluations",
    "cross_validate",
    "evaluate_run",
    "grid_search",
    "make_snippet",
    "named_analyzer",
    "parse_query",
    "read_documents",
    "read_qrels",
    "read_queries",
    "read_run",
    "read_synonyms",
    "run_queries",
    "write_index",
    "write_report",
    "write_run",
]
