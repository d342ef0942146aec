"""Predicting videos: a short one whole, one of any length window by window."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tpn_tsn_plugin.datasets.sequential_video import Image, SequentialVideo
from tpn_tsn_plugin.errors import PluginError, require_one_of

from .model import Scores, SnippetScores, TrainedModel
from .reader import stream
from .steps import InputSteps, Sampled
from .windows import Window, cut, window_length

MODES = ('auto', 'whole', 'windows')
# Videos up to here are predicted whole; Kinetics clips last 10 seconds, those of
# UCF101 up to 71.
LONG_SECONDS = 75.0
MEAN = 'mean of the windows'

# Called with the share of a video that is done.
Report = Callable[[float], None]


@dataclass(frozen=True)
class WindowScores:
    """What the model says of a window.

    Attributes:
        start: First second.
        end: Last second.
        scores: Probabilities by task.
    """

    start: float
    end: float
    scores: Scores


@dataclass
class Prediction:
    """What the model says of a video.

    Attributes:
        path: The video.
        frames: Its number of frames.
        fps: Frames per second, on average.
        duration: Length in seconds.
        window: Length of a window in seconds; None where the video was predicted whole.
        stride: From the start of a window to the start of the next, in seconds.
        consensus: How the scores of windows became those of the video.
        scores: Probabilities of the video by task.
        windows: Those of windows, in the order of time.
        error: Why the video could not be read to its end; None if it was.
    """

    path: Path
    frames: int
    fps: float
    duration: float
    window: float | None = None
    stride: float | None = None
    consensus: str | None = None
    scores: Scores = field(default_factory=dict)
    windows: list[WindowScores] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class WindowOptions:
    """How videos are cut.

    Attributes:
        mode: ``'whole'``, ``'windows'``, or ``'auto'`` for windows where a length is
            given or the video is long.
        window: Length of a window in seconds, None for what the sampler is made for.
        stride: From the start of a window to the start of the next, None for its
            length.
        batch: Windows in a forward pass.

    Raises:
        ValueError: The mode is none, or lengths are given for whole videos.
    """

    mode: str = 'auto'
    window: float | None = None
    stride: float | None = None
    batch: int = 1

    def __post_init__(self) -> None:
        require_one_of('mode', self.mode, MODES)
        if self.mode == 'whole' and (self.window or self.stride):
            raise ValueError(
                "window and stride are for mode 'windows', got mode 'whole'; leave "
                'them out'
            )

    def is_cut(self, video: SequentialVideo) -> bool:
        """Whether a video is predicted in windows."""
        if self.mode == 'auto':
            asked = self.window is not None or self.stride is not None
            return asked or video.duration > LONG_SECONDS
        return self.mode == 'windows'


class Predictor:
    """A model and the steps that make its input of videos.

    Args:
        model: The model.
        steps: The steps.
        options: How videos are cut.
        threads: Threads that decode.
    """

    def __init__(
        self,
        model: TrainedModel,
        steps: InputSteps,
        options: WindowOptions,
        *,
        threads: int = 1,
    ) -> None:
        self._model = model
        self._steps = steps
        self._options = options
        self._threads = threads

    def predict(self, path: Path, report: Report | None = None) -> Prediction:
        """Predict a video.

        Memory does not grow with the length of a video that is cut, but for its scores
        and a few bytes a frame.

        Args:
            path: The video.
            report: Called as windows are done.

        Returns:
            The prediction. Where the video cannot be read to its end, that of the
            windows before, and ``error``.

        Raises:
            PluginError: It cannot be read at all.
        """
        video = SequentialVideo(path, self._threads)
        prediction = Prediction(path, len(video), video.fps, video.duration)
        if self._options.is_cut(video):
            self._predict_windows(video, prediction, report or (lambda share: None))
        else:
            everything = Window(0.0, video.duration, np.arange(len(video)))
            sampled = self._steps.sample(video, everything, self._steps.whole)
            ((_, frames),) = stream(video, [sampled])
            ((scores, _),) = self._model.predict([self._steps.make(sampled, frames)])
            prediction.scores = scores
        return prediction

    def _predict_windows(
        self, video: SequentialVideo, prediction: Prediction, report: Report
    ) -> None:
        steps, options = self._steps, self._options
        least = steps.least_frames
        usual = max(window_length(steps.sampler, video.fps), least / video.fps)
        length = usual if options.window is None else options.window
        stride = length if options.stride is None else options.stride
        prediction.window, prediction.stride = length, stride
        # A snippet that lies in two windows would count twice in a consensus.
        consensus = self._model.keep_snippets() if stride == length else None
        prediction.consensus = consensus or MEAN
        windows = cut(
            video.times, video.duration, length=length, stride=stride, least=least
        )
        parts = (steps.sample(video, window, steps.windowed) for window in windows)
        snippets: list[SnippetScores] = []
        try:
            for batch in self._batches(stream(video, parts)):
                found = self._model.predict([sample for _, sample in batch])
                for (window, _), (scores, rows) in zip(batch, found, strict=True):
                    prediction.windows.append(
                        WindowScores(window.start, window.end, scores)
                    )
                    snippets.append(rows)
                report(batch[-1][0].end / video.duration)
        except PluginError as error:
            if not prediction.windows:
                raise
            prediction.error = str(error)
        if consensus is None:
            prediction.scores = _mean([window.scores for window in prediction.windows])
        else:
            prediction.scores = self._model.integrate(_joined(snippets))

    def _batches(
        self, parts: Iterator[tuple[Sampled, list[Image]]]
    ) -> Iterator[list[tuple[Window, dict[str, Any]]]]:
        """Make inputs, and put together those of one shape."""
        batch: list[tuple[Window, dict[str, Any]]] = []
        shape: Any = None
        try:
            for sampled, frames in parts:
                sample = self._steps.make(sampled, frames)
                own = _shape(sample)
                if batch and own != shape:
                    yield batch
                    batch = []
                shape = own
                batch.append((sampled.window, sample))
                if len(batch) == self._options.batch:
                    yield batch
                    batch = []
        except PluginError:
            # What was read before counts.
            if batch:
                yield batch
            raise
        if batch:
            yield batch


def _shape(sample: dict[str, Any]) -> Any:
    inputs = sample['inputs']
    if isinstance(inputs, dict):
        return {name: value.shape for name, value in inputs.items()}
    return inputs.shape


def _mean(scores: list[Scores]) -> Scores:
    means = {}
    for task in scores[0]:
        rows = np.stack([own[task] for own in scores])
        means[task] = np.asarray(rows.mean(axis=0, dtype=np.float64), np.float32)
    return means


def _joined(snippets: list[SnippetScores]) -> SnippetScores:
    return {
        task: np.concatenate([rows[task] for rows in snippets]) for task in snippets[0]
    }
