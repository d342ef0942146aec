"""What a trained network says frame by frame, over all videos of a data set.

Shape letters: T frames of a video, F frames in one pass, V views (crops), C classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from numpy.typing import NDArray

from tpn_tsn_plugin.analysis.trained_model import require_finite
from tpn_tsn_plugin.datasets.transforms import FixedRateSampleFrames
from tpn_tsn_plugin.datasets.transforms.frame_rate import require_frames
from tpn_tsn_plugin.errors import PluginError, require_one_of
from tpn_tsn_plugin.models.consensus import AvgConsensus
from tpn_tsn_plugin.models.heads import SegmentConsensusHead
from tpn_tsn_plugin.registry import DATASETS

from .pipelines import find_sampler

SPLITS = ('test', 'val')
FRAMES_IN_PASS = 32


@dataclass(frozen=True)
class Curve:
    """The probability of a video's class at each of its frames.

    Attributes:
        video_id: Identity of the video.
        label: Class index.
        fps: Frames per second, None where it is not known.
        values: Probabilities (T,).
    """

    video_id: str
    label: int
    fps: float | None
    values: NDArray[np.float64]


class FrameClassifier:
    """Classifies the snippet around every frame of a video.

    A video runs through the config's own pipeline, in which the sampler is replaced by
    one that takes a snippet of the same length and interval around each frame, moved
    into the video at its borders. Each snippet is classified alone: no consensus joins
    them, and several crops of one are averaged.

    Args:
        config: Of the model, for its pipeline.
        model: With its trained weights.
        split: Whose data and pipeline: ``'test'`` or ``'val'``.

    Raises:
        ValueError: The split is unknown, the pipeline has no sampler, or the model
            needs several snippets at a time.
    """

    def __init__(self, config: Config, model: BaseModel, split: str = 'test') -> None:
        require_one_of('split', split, SPLITS)
        options = config[f'{split}_dataloader'].dataset
        place, sampler = find_sampler(options.get('pipeline', []), config.filename)
        steps = list(options.pipeline)
        self.before = Compose(steps[:place])
        self.after = Compose([_decode_once(step) for step in steps[place + 1 :]])
        # At one snippet a second, a video of one frame a second has one at each frame.
        self.sampler = FixedRateSampleFrames(
            1.0,
            sampler.get('clip_len', 1),
            frame_interval=sampler.get('frame_interval', 1),
            fps=1.0,
        )
        self.dataset = DATASETS.build({**options, 'pipeline': []})
        self.model = single_snippets(model, config.filename)

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def num_classes(self) -> int:
        """C.

        Raises:
            ValueError: The head has several lists of classes.
        """
        found = getattr(self.model.cls_head, 'num_classes', None)
        if not isinstance(found, int):
            raise ValueError(
                'a tempo is measured for one prediction a video, but the head is a '
                f'{type(self.model.cls_head).__name__}'
            )
        return found

    @property
    def classes(self) -> Sequence[str] | None:
        """Names of the classes, if the data set knows them."""
        names: Sequence[str] | None = self.dataset.metainfo.get('classes')
        return names

    def sample(self, index: int) -> dict[str, Any]:
        """What the data set knows of a video; nothing of it is read."""
        found: dict[str, Any] = self.dataset.get_data_info(index)
        return found

    def probabilities(self, sample: dict[str, Any]) -> tuple[NDArray, float | None]:
        """Probabilities (T, C) of a video, and its frames per second.

        Raises:
            PluginError: The video cannot be read.
        """
        try:
            opened = self.before(dict(sample))
            require_frames(opened)
            sampled = self.sampler.transform(dict(opened))
            scores = [self._classify(part) for part in self._parts(sampled)]
        except (PluginError, ValueError, TypeError):
            raise
        except Exception as error:
            raise PluginError(
                f'{identity(sample)} cannot be read ({type(error).__name__}: {error})'
            ) from error
        fps = opened.get('avg_fps') or getattr(opened.get('video_reader'), 'fps', None)
        return np.concatenate(scores), float(fps) if fps else None

    def _parts(self, sampled: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A few snippets at a time: memory does not grow with the video."""
        count, length = sampled['num_clips'], sampled['clip_len']
        for first in range(0, count, FRAMES_IN_PASS):
            last = min(first + FRAMES_IN_PASS, count)
            indices = sampled['frame_inds'][first * length : last * length]
            yield {**sampled, 'frame_inds': indices, 'num_clips': last - first}

    def _classify(self, part: dict[str, Any]) -> NDArray[np.float64]:
        """Probabilities (F, C)."""
        snippets = part['num_clips']
        inputs = self.after(part)['inputs']
        if not isinstance(inputs, torch.Tensor):
            raise ValueError(
                'a tempo is measured with one stream, but the pipeline gives '
                f'{sorted(inputs)}; take the config of one of the streams'
            )
        with torch.inference_mode():
            samples = self.model.test_step(
                dict(
                    inputs=list(inputs.unsqueeze(1)),
                    data_samples=[ActionDataSample() for _ in inputs],
                )
            )
        if not isinstance(samples[0].pred_score, torch.Tensor):
            raise ValueError(
                'a tempo is measured for one prediction a video, but the head gives '
                f'{sorted(samples[0].pred_score.keys())}'
            )
        scores = torch.stack([sample.pred_score.flatten() for sample in samples])
        scores = require_finite(scores)
        # Views come one after the other, each with all its snippets.
        views = scores.cpu().double().numpy().reshape(-1, snippets, scores.shape[1])
        return np.asarray(views.mean(axis=0))


def _decode_once(step: dict[str, Any]) -> dict[str, Any]:
    """The same step; snippets around neighbouring frames have most frames in common."""
    if step['type'] != 'DecordDecode':
        return step
    return {**step, 'type': 'DecordDecodeOnce'}


def single_snippets(model: BaseModel, name: str) -> BaseModel:
    """Make a model classify each snippet alone.

    Args:
        model: A recogniser with a classifier.
        name: Of its config, for messages.

    Raises:
        ValueError: It cannot.
    """
    # Models of several streams have no backbone; their inputs tell that they are.
    shifted = getattr(getattr(model, 'backbone', None), 'num_segments', 1)
    if shifted > 1:
        raise ValueError(
            f'the backbone of {name} mixes {shifted} snippets, so no frame has a '
            'probability of its own; measure with a TSN'
        )
    head: Any = model.cls_head
    head.average_clips = 'prob'
    if isinstance(head, SegmentConsensusHead):
        # Some consensus functions take no single snippet; of one, all agree with it.
        head.consensus, head.test_consensus = AvgConsensus(), None
    return model


def identity(sample: dict[str, Any]) -> str:
    """What a sample is called: its ``video_id``, or the path that it has."""
    for key in ('video_id', 'filename', 'frame_dir'):
        if sample.get(key):
            return str(sample[key])
    raise ValueError(f'a sample has no video_id, filename or frame_dir: {sample}')


def labels_of(sample: dict[str, Any]) -> list[int]:
    """A sample's class indices: one, or all that a multi-hot label marks.

    Raises:
        ValueError: It has several labels that are no multi-hot label, or none is known.
    """
    label = np.asarray(sample.get('label', -1))
    if label.ndim == 0 and label >= 0:
        return [int(label)]
    if label.ndim == 1 and len(label) > 1 and np.isin(label, (0, 1)).all():
        return [int(index) for index in np.flatnonzero(label)]
    raise ValueError(
        f'{identity(sample)} has the label {label.tolist()}; a tempo is measured for '
        'videos with one class, or a multi-hot label'
    )
