"""What goes wrong with a graph."""

from tpn_tsn_plugin.errors import PluginError


class ExportError(PluginError, RuntimeError):
    """A model cannot be written as a graph, or the graph is not the model."""


def innermost_line(error: BaseException) -> str:
    """The first line of the exception that others were raised from.

    Exporters wrap what happened into pages about themselves.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[0]}' if lines else type(error).__name__
