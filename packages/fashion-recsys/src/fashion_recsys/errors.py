"""The errors of this package, drawn once.

    FashionRecsysError
    ├── InputError      a raw file is not what it should be
    ├── DatasetError    an ingested data set is missing, damaged or of another version
    ├── SettingError    a flag or argument has a value that makes no sense
    ├── SplitError      a time split leaves no training or no test rows
    ├── OutputError     a result cannot be written where it was asked for
    ├── CollapseError   a model learned nothing that could be used
    ├── NotFittedError  a candidate source was asked before it saw a log
    └── StageError      a stage of a run failed, was killed or ran out of memory

Each message is one line: what was expected, what came, where, and what to do. The command line
prints it and exits with code 2; a library user catches the class.
"""


class FashionRecsysError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(FashionRecsysError):
    """A raw file is missing, unreadable, or holds something other than it should."""


class DatasetError(FashionRecsysError):
    """An ingested data set is missing, damaged, or was written by another version."""


class SettingError(FashionRecsysError):
    """A flag or argument has a value that makes no sense."""


class SplitError(FashionRecsysError):
    """A split by time would leave no training rows or no test rows."""


class OutputError(FashionRecsysError):
    """A result cannot be written, or would replace something that is not ours."""


class NotFittedError(FashionRecsysError):
    """A candidate source was asked for candidates before ``fit``."""


class CollapseError(FashionRecsysError):
    """A trained model tells customers or articles apart no better than it should."""


class StageError(FashionRecsysError):
    """A stage of a run failed, was killed or ran out of memory."""


def check_range(minimum: int, maximum: int | None = None, **settings: int | None) -> None:
    """Check that numbers are in a range; None stands for a default and passes.

    Raises:
        SettingError: one is.
    """
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        if value is not None and value < minimum:
            raise SettingError(f"{flag}: expected at least {minimum:,}, found {value}")
        if value is not None and maximum is not None and value > maximum:
            raise SettingError(f"{flag}: expected at most {maximum:,}, found {value}")
