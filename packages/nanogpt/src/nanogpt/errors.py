"""Every error that nanogpt raises on purpose; the command line prints it as one line, exit code 2.

NanogptError
├── CorpusError       the text cannot be read or is too short
├── ConfigError       a setting is outside its range, or two contradict each other
├── TokenizerError    a saved tokenizer is not one, or an id is outside its vocabulary
├── CheckpointError   a checkpoint is missing, damaged, foreign, or of another run
├── OutputError       a result cannot be written
├── MemoryShortError  the device has too little memory for what was asked
└── DivergedError     the loss or its gradient stopped being finite
"""


class NanogptError(Exception):
    """Base of all errors below."""


class CorpusError(NanogptError):
    """The text cannot be read or is too short."""


class ConfigError(NanogptError):
    """A setting is outside its range, or two contradict each other."""


class TokenizerError(NanogptError):
    """A saved tokenizer is not one, or an id is outside its vocabulary."""


class CheckpointError(NanogptError):
    """A checkpoint is missing, damaged, foreign, or of another run."""


class OutputError(NanogptError):
    """A result cannot be written."""


class MemoryShortError(NanogptError):
    """The device has too little memory for what was asked."""


class DivergedError(NanogptError):
    """The loss or its gradient stopped being finite."""
