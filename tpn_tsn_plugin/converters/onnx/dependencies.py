"""The packages of the extra ``onnx``, imported where they are used."""

from importlib import import_module
from typing import Any

from tpn_tsn_plugin.errors import MissingDependencyError

# onnxscript translates PyTorch's operators, onnx checks, onnxruntime runs the graph.
PACKAGES = ('onnx', 'onnxruntime', 'onnxscript')


def require_packages() -> None:
    """Check that everything is there, before long work begins.

    Raises:
        MissingDependencyError: A package is missing; the message names the extra.
    """
    for name in PACKAGES:
        import_package(name)


def import_package(name: str) -> Any:
    """Import one of ``PACKAGES``.

    Raises:
        MissingDependencyError: It is missing, or cannot be imported.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f'ONNX files need {", ".join(PACKAGES)}, and {name} cannot be imported '
            f"({error}); run `pip install 'tpn-tsn-plugin[onnx]'`"
        ) from error
