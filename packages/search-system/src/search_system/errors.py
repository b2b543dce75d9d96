"""Everything this package raises on purpose.

::

    SearchSystemError
    ├── OptionError            a setting outside its range, or that does not fit the input
    ├── CollectionError        documents, queries, judgments or runs that cannot be read
    ├── OutputError            a file that was asked for cannot be written
    └── IndexFolderError
        ├── IndexMissingError  no index where one was expected
        ├── IndexLockedError   another process writes to the index
        └── CorruptIndexError  an index whose files are not what was written

Each message is one line that says what was expected, what came, where, and what to do. The command
line prints it on stderr and exits with code 2.
"""


class SearchSystemError(Exception):
    """The base of every error that bad input or a bad environment can cause."""


class OptionError(SearchSystemError):
    """A setting is outside its range, or does not fit the input."""


class CollectionError(SearchSystemError):
    """Documents, queries, judgments or runs cannot be read."""


class FieldValueError(CollectionError):
    """A document has a value that its field cannot hold."""


class OutputError(SearchSystemError):
    """A file that was asked for cannot be written."""


class IndexFolderError(SearchSystemError):
    """A folder cannot be used as an index."""


class IndexMissingError(IndexFolderError):
    """There is no index where one was expected."""


class IndexLockedError(IndexFolderError):
    """Another process, or another `Store` of this one, writes to the index."""


class CorruptIndexError(IndexFolderError):
    """A file of an index is missing, damaged, or of another format version."""
