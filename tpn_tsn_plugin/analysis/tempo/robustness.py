"""Accuracy of trained models on videos that are made faster or slower.

Source: TPN (CVPR 2020), section 4.3 and Figure 5. A model that was trained on clips of
T frames, tau apart, is tested on clips of T frames with other distances. The tests run
through ``mim test``, one experiment each, so that those that are done are not done
again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.analysis.experiments.experiment import Experiment, run_experiment
from tpn_tsn_plugin.analysis.scores.files import read_score_file
from tpn_tsn_plugin.analysis.trained_model import load_model
from tpn_tsn_plugin.errors import TempoStudyError

from .pipelines import (
    read_with_imports,
    resampled_config,
    trained_interval,
    usual_intervals,
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TestedModel:
    """A model whose robustness is tested.

    Attributes:
        name: What the reader calls it; part of file names.
        config: Its config.
        checkpoint: Its trained weights.
    """

    name: str
    config: Path
    checkpoint: Path


@dataclass(frozen=True)
class TestResult:
    """A model tested with one sampling interval.

    Attributes:
        model: Name of the model.
        interval: Distance of neighbouring frames of a clip.
        speed: Interval over the trained one: above 1 the video seems faster.
        accuracy: The metric in percent.
        drop: Points below the accuracy at the trained interval.
        group_accuracy: Top-1 in percent where classes of one group count as one; None
            without groups.
    """

    # pytest takes classes of such a name for tests.
    __test__ = False

    model: str
    interval: int
    speed: float
    accuracy: float
    drop: float
    group_accuracy: float | None


class RobustnessStudy:
    """Tests of one model with several sampling intervals.

    Args:
        model: The model.
        folder: Where configs, logs, results and predictions of the tests go.
        intervals: Sampling intervals; None for a quarter to twice the trained one. The
            trained one is always tested.
        metric: What accuracy is.

    Raises:
        CheckpointError: The weights are not those of the config's model.
        ValueError: The model samples single frames.
    """

    def __init__(
        self,
        model: TestedModel,
        folder: Path,
        intervals: Sequence[int] | None = None,
        *,
        metric: str = 'acc/top1',
    ) -> None:
        config = read_with_imports(model.config)
        # The runner would test with whatever weights happen to fit.
        load_model(config, model.checkpoint)
        self.model = model
        self.folder = folder
        self.trained = trained_interval(config)
        chosen = intervals or usual_intervals(self.trained)
        self.intervals = sorted({*chosen, self.trained})
        self.metric = metric

    def dump(self, interval: int) -> Path:
        """Predictions with an interval."""
        return self.folder / f'{self.model.name}_interval{interval}.pkl'

    def run(
        self, groups: Sequence[str] | None = None, progress: Progress | None = None
    ) -> list[TestResult]:
        """Test with every interval.

        Args:
            groups: For each class what it counts as.
            progress: Called with the numbers of tests done and of all.

        Raises:
            ExperimentError: A test failed.
            TempoStudyError: It gave no such metric, or left no predictions.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        accuracies = {}
        for done, interval in enumerate(self.intervals):
            if progress is not None:
                progress(done, len(self.intervals))
            accuracies[interval] = self._test(interval)
        if progress is not None:
            progress(len(self.intervals), len(self.intervals))
        return [
            TestResult(
                model=self.model.name,
                interval=interval,
                speed=interval / self.trained,
                accuracy=accuracy,
                drop=accuracies[self.trained] - accuracy,
                group_accuracy=self._group_accuracy(interval, groups),
            )
            for interval, accuracy in accuracies.items()
        ]

    def _test(self, interval: int) -> float:
        dump = self.dump(interval)
        config = resampled_config(self.model.config, interval, dump)
        path = dump.with_suffix('.py')
        text = config.pretty_text
        made = path.is_file() and path.read_text() == text and dump.exists()
        experiment = Experiment(
            path, 0, self.folder, label=path.stem, checkpoint=self.model.checkpoint
        )
        if not made:
            # Predictions are part of a result; a folder that was moved has none of its
            # own, because the config names their place.
            experiment.result_file.unlink(missing_ok=True)
            experiment.digest_file.unlink(missing_ok=True)
            path.write_text(text)
        result = run_experiment(experiment, lambda *_: None)['test']
        if self.metric not in result:
            raise TempoStudyError(
                f'testing {self.model.name} gave {sorted(result)}, not '
                f'{self.metric!r}; choose one of these with --metric'
            )
        return 100 * float(result[self.metric])

    def _group_accuracy(
        self, interval: int, groups: Sequence[str] | None
    ) -> float | None:
        if groups is None:
            return None
        predictions = read_score_file(self.dump(interval))
        return 100 * group_accuracy(predictions.values, predictions.labels, groups)


def group_accuracy(
    values: NDArray, labels: NDArray | None, groups: Sequence[str]
) -> float:
    """Top-1 accuracy where the classes of a group count as one.

    Args:
        values: Probabilities (N, C).
        labels: Class indices (N,).
        groups: Name of the group of each class (C,).

    Raises:
        TempoStudyError: There is no single label a video, or no group for each class.
    """
    if labels is None or labels.ndim != 1 or len(groups) != values.shape[1]:
        raise TempoStudyError(
            f'groups need one label a video and {len(groups)} classes, got '
            f'{values.shape[1]} classes and labels of shape '
            f'{None if labels is None else labels.shape}'
        )
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    together = values @ np.eye(len(names))[members]
    return float((together.argmax(axis=1) == members[labels]).mean())
