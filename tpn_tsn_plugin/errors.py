"""The plugin's exceptions: each carries one line that a user can act on.

Options of the wrong value raise plain ``ValueError`` (or ``TypeError``), through
:func:`require_one_of` where the option is a choice. The classes below are for what
goes wrong outside the code: files, checkpoints, installations. All take one message,
because MMEngine's registry re-raises exceptions as ``type(error)(message)``.
"""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

# Characters of a message: its beginning says what is wrong, its end what to do.
BEGINNING, END = 900, 400


class PluginError(Exception):
    """Base of the plugin's own exceptions; the command line prints it in one line.

    Messages quote files from elsewhere, which may hold anything: here they become one
    line, of printable characters and bounded length.

    Args:
        message: What is wrong, and what to do.
    """

    def __init__(self, message: str = '') -> None:
        super().__init__(one_line(message))


def one_line(message: str) -> str:
    """Put a message into a line that any terminal shows as it is.

    Args:
        message: Any text.
    """
    line = ' '.join(message.split())
    if len(line) > BEGINNING + END:
        line = f'{line[:BEGINNING]} … {line[-END:]}'
    return ''.join(letter if letter.isprintable() else '?' for letter in line)


class AnnotationError(PluginError, ValueError):
    """An annotation file has a line that cannot be used."""


class MissingVideoError(PluginError, FileNotFoundError):
    """A video that an annotation file names does not exist."""


class BadVideoError(PluginError, RuntimeError):
    """A video cannot be read, or too many cannot."""


class NonFiniteLossError(PluginError, ArithmeticError):
    """A loss is NaN or infinite."""


class FrameFolderError(PluginError, ValueError):
    """A folder of extracted frames cannot be read as it is."""


class CheckpointError(PluginError, ValueError):
    """A checkpoint does not fit what it is to be loaded into."""


class ScoreFileError(PluginError, ValueError):
    """A file of predictions cannot be used as it is."""


class DemoDataError(PluginError, ValueError):
    """A demo data folder cannot be used as it is."""


class ExperimentError(PluginError, RuntimeError):
    """Training or testing of an experiment failed."""


class TempoStudyError(PluginError, ValueError):
    """A study of visual tempo cannot be made, or its folder not be used."""


class ExportError(PluginError, RuntimeError):
    """A model cannot be written as a graph, or the graph is not the model."""


class UnsafeCheckpointError(PluginError, RuntimeError):
    """A checkpoint asks for a class that loading does not allow."""


class MissingDependencyError(PluginError, ImportError):
    """An optional part is used that is not installed."""


def require_one_of(name: str, value: Any, allowed: Iterable[Any]) -> None:
    """Check that an option has one of its allowed values.

    Args:
        name: Name of the option, as the user wrote it.
        value: The value that came.
        allowed: The values that are allowed.

    Raises:
        ValueError: ``value`` is not among ``allowed``; the message names all three.
    """
    choices = list(allowed)
    if value not in choices:
        raise ValueError(f'{name} must be one of {choices}, got {value!r}')


def require_positive_int(name: str, value: Any) -> None:
    """Check that an option is a whole number from 1 on.

    Args:
        name: Name of the option, as the user wrote it.
        value: The value that came.

    Raises:
        ValueError: It is something else; the message says what.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f'{name} must be a whole number from 1 on, got {value!r}')
