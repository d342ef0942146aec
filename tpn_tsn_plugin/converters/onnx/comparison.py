"""A graph beside its model, on the same videos.

Shape letters: N videos, V views (crops times clips), K segments.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from numpy.typing import NDArray
from torch import nn

from tpn_tsn_plugin.errors import ExportError

from .causes import innermost_line
from .dependencies import import_package
from .inputs import Batch, GraphInput, random_batch, shapes_of, stack

TOLERANCE = 1e-4
# Numbers of videos and of views of the batches of noise.
NOISE = ((1, 1), (2, 2), (3, 1))
# Real videos of one shape that are also run together.
LARGEST_BATCH = 3

# (N, classes) of each task.
Scores = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Trial:
    """Videos on which both are run.

    Attributes:
        name: What they are, for the reader.
        batch: The inputs.
    """

    name: str
    batch: Batch

    @property
    def shape(self) -> str:
        """Shapes of the inputs, joined with +."""
        return ' + '.join('×'.join(map(str, x.shape)) for x in self.batch.values())


@dataclass(frozen=True)
class Difference:
    """How far the scores of a graph are from those of its model.

    Attributes:
        trial: The videos.
        largest: The largest |difference|; where scores exceed 1, as a share of the
            largest of them.
    """

    trial: Trial
    largest: float


def noise_trials(inputs: Mapping[str, GraphInput]) -> Iterator[Trial]:
    """Batches of several sizes."""
    for videos, views in NOISE:
        yield Trial('noise', random_batch(inputs, videos, views))


def video_trials(
    samples: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, GraphInput]
) -> Iterator[Trial]:
    """Each video alone with all its views, and of the first few one view together.

    Args:
        samples: What the test pipeline made of the videos, by their names.
        inputs: What the graph takes.
    """
    for name, sample in samples.items():
        yield Trial(name, stack([sample]))
    few = [stack([sample]) for sample in list(samples.values())[:LARGEST_BATCH]]
    if len(few) > 1:
        views = {
            name: torch.cat([batch[name][:, : own.view[0]] for batch in few])
            for name, own in inputs.items()
        }
        yield Trial(f'{len(few)} videos, a view each', views)


def require_shapes(
    samples: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, GraphInput]
) -> None:
    """Check that a graph can take videos.

    Args:
        samples: What the test pipeline made of the videos, by their names.
        inputs: What the graph takes.

    Raises:
        ExportError: It made something of another shape of one.
    """
    for name, sample in samples.items():
        for key, shape in shapes_of(sample).items():
            unit, *rest = inputs[key].view
            if list(shape[1:]) != rest or shape[0] % unit:
                raise ExportError(
                    f'the test pipeline makes {key} {shape} of {name}, but '
                    f'{inputs[key].shape[1:]} of the first video; a graph takes one '
                    'size: crop in the pipeline, or give videos of one size'
                )


def predict(model: nn.Module, batch: Batch, segments: int | None) -> Scores:
    """What the model says of videos, by MMAction2's own way of testing.

    Args:
        model: The recogniser.
        batch: The videos.
        segments: K as their samples tell it, None where they do not.
    """
    videos: Any = {name: list(x.unbind()) for name, x in batch.items()}
    number = len(next(iter(videos.values())))
    told = {} if segments is None else {'num_clips': segments}
    samples = [ActionDataSample(metainfo=told) for _ in range(number)]
    several = hasattr(model.data_preprocessor, 'preprocessors')
    inputs = videos if several else next(iter(videos.values()))
    test_step: Any = model.test_step
    with torch.no_grad():
        found = test_step(dict(inputs=inputs, data_samples=samples))
    scores = [sample.pred_score for sample in found]
    if isinstance(scores[0], dict):
        return [torch.stack([s[task] for s in scores]).numpy() for task in scores[0]]
    return [torch.stack(scores).numpy()]


class Graph:
    """An ONNX file in onnxruntime, on the CPU.

    Args:
        path: The file.

    Raises:
        ExportError: onnxruntime cannot load it.
        MissingDependencyError: There is no onnxruntime.

    Attributes:
        runtime: Name and version of what runs it.
    """

    def __init__(self, path: Path) -> None:
        package = import_package('onnxruntime')
        self.runtime = f'onnxruntime {package.__version__}'
        options = package.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4
        try:
            self._session = package.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:
            raise ExportError(
                f'{self.runtime} cannot load the graph: {innermost_line(error)}'
            ) from error

    def run(self, batch: Batch) -> Scores:
        """Score videos.

        Raises:
            ExportError: onnxruntime cannot run it.
        """
        try:
            return self._session.run(None, {k: x.numpy() for k, x in batch.items()})
        except Exception as error:
            raise ExportError(
                f'{self.runtime} cannot run the graph: {innermost_line(error)}'
            ) from error


def compare(
    graph: Graph, model: nn.Module, trial: Trial, segments: int | None
) -> Difference:
    """Run both.

    Raises:
        ExportError: They differ by more than ``TOLERANCE``, or a score is no number.
    """
    expected = predict(model, trial.batch, segments)
    found = graph.run(trial.batch)
    largest = _largest_difference(expected, found)
    if not largest <= TOLERANCE:
        raise ExportError(
            f'the graph differs from the model by {largest:.1e} on {trial.name} '
            f'({trial.shape}), allowed is {TOLERANCE:g}; it is not kept'
        )
    return Difference(trial, largest)


def _largest_difference(expected: Sequence[Any], found: Sequence[Any]) -> float:
    """NaN where a score is none."""
    if [a.shape for a in expected] != [b.shape for b in found]:
        return float('inf')
    return max(
        float(np.abs(a - b).max() / max(1.0, np.abs(a).max()))
        for a, b in zip(expected, found)
    )
