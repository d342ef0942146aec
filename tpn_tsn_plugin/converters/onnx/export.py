"""Writing a graph."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from tpn_tsn_plugin.errors import ExportError

from .causes import innermost_line
from .dependencies import import_package
from .inputs import GraphInput, random_batch
from .scoring import VideoScores

# What torch's exporter is written for; other sets are translations of it.
OPSET = 18
# More than one, so that no size is taken for a constant, and two that differ.
TRACED_VIDEOS, TRACED_VIEWS = 2, 3


def write_graph(
    scores: VideoScores,
    inputs: Mapping[str, GraphInput],
    path: Path,
    metadata: Mapping[str, str],
) -> None:
    """Write a model as one ONNX file, for any number of videos and of views.

    torch.export follows the code with sizes that stand for any number: where the code
    takes one for a constant it raises, so that no graph is right for one batch only.

    Args:
        scores: What the graph computes.
        inputs: What it takes.
        path: The file.
        metadata: Goes into the file.

    Raises:
        ExportError: The model has something that the exporter cannot follow, or
            ONNX's own checks find a fault.
        MissingDependencyError: A package is missing.
    """
    checker = import_package('onnx').checker
    # A config may name its preprocessors in any order.
    ordered = {name: inputs[name] for name in scores.input_names}
    batch = random_batch(ordered, TRACED_VIDEOS, TRACED_VIEWS)
    names = tuple(dict(enumerate(own.axes[:2])) for own in ordered.values())
    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                scores,
                tuple(batch.values()),
                dynamo=True,
                input_names=scores.input_names,
                output_names=scores.output_names,
                # One entry for `*inputs`, the only argument of forward.
                dynamic_shapes=(names,),
                opset_version=OPSET,
                verbose=False,
            )
            if program is None:
                raise ExportError('torch.onnx gave no program')
            # Where each line of code stood on this machine is nobody's business.
            program.model.graph.metadata_props.clear()
            for node in program.model.graph.all_nodes():
                node.metadata_props.clear()
            program.model.metadata_props.update(metadata)
            program.save(path, external_data=False)
        checker.check_model(str(path), full_check=True)
    except Exception as error:
        raise ExportError(
            f'{type(scores.model).__name__} cannot be exported: {innermost_line(error)}'
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says to its own developers."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'torch.export')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
