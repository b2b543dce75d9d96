from search_system.snippet import Snippet, one_line  # noqa
from search_system.query.ast import Term, TermPhrase, leaves
from search_system.snippet import make_snippet


def highlight(text, query, analyzer, field=None):
    terms = set()
    for l in leaves(query):
        if isinstance(l, Term):
            terms.add(l.text)
        if isinstance(l, TermPhrase):
            terms.update(l.terms)
    return make_snippet(text, terms, analyzer)
