"""Every error that micrograd raises on purpose.

::

    MicrogradError
    ├── InputError        (ValueError)    a value, a file or a flag that cannot be used
    │   └── ShapeError                    two things whose sizes should agree and do not
    ├── ValueTypeError    (TypeError)     something that is no real number
    ├── DrawingError      (RuntimeError)  a graph that cannot be drawn
    └── TraceError        (RuntimeError)  a function that cannot be compiled, or took another branch

The second base lets code that expects Python's own exceptions catch ours.
"""


class MicrogradError(Exception):
    """Base of all errors of this package; the command line prints it and exits with code 2."""


class InputError(MicrogradError, ValueError):
    """A value, a file or a flag that cannot be used."""


class ShapeError(InputError):
    """Two things whose sizes should agree and do not."""


class ValueTypeError(MicrogradError, TypeError):
    """Something that is no real number was given where a number or a Value is needed."""


class DrawingError(MicrogradError, RuntimeError):
    """A graph cannot be drawn."""


class TraceError(MicrogradError, RuntimeError):
    """A function cannot be compiled, or would not repeat the operations that were compiled."""
