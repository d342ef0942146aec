"""What a config's own pipelines make of a video.

Shape letters: V views (crops times clips), K segments, C channels, T time, H height,
W width.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from torch import Tensor

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.errors import MissingDependencyError, PluginError

from .made_sample import made_sample, made_video
from .made_video import MadeVideo

Inputs = Tensor | dict[str, Tensor]


@dataclass(frozen=True)
class Sample:
    """A video as a model's data preprocessor takes it.

    Attributes:
        inputs: (V·K, C, H, W) or (V, C, T, H, W), one tensor or several by name.
        data_sample: Its label, and what the pipeline tells about it.
        segments: K; 1 for clips.
    """

    inputs: Inputs
    data_sample: Any
    segments: int

    @property
    def views(self) -> int:
        """V."""
        return len(_tensors(self.inputs)[0]) // self.segments

    @property
    def shape(self) -> str:
        """Frames × channels × height × width of a view, inputs joined with +."""
        return ' + '.join(map(self._shape, _tensors(self.inputs)))

    def one_view(self) -> 'Sample':
        """The first view alone."""
        inputs = _apply(self.inputs, lambda x: x[: self.segments])
        return Sample(inputs, self.data_sample, self.segments)

    def noise(self, seed: int) -> dict[str, Any]:
        """A packed video of noise, which two samples of one shape have in common."""
        generator = torch.Generator().manual_seed(seed)

        def fill(x: Tensor) -> Tensor:
            return torch.randint(0, 256, x.shape, generator=generator).to(x.dtype)

        return dict(
            inputs=_apply(self.inputs, fill),
            data_samples=copy.deepcopy(self.data_sample),
        )

    def _shape(self, x: Tensor) -> str:
        channels, *time, height, width = x.shape[1:]
        frames = time[0] if time else self.segments
        return f'{frames}×{channels}×{height}×{width}'


class Pipeline:
    """A split's pipeline, ready to be run on a made-up video.

    Args:
        config: A whole config.
        split: ``'train'`` or ``'test'``; of several data sets, the first one's.
        video: What it reads, unless the config's data set makes videos of its own size.

    Raises:
        MissingDependencyError: A transform needs what is not installed.
        PluginError: There is no such pipeline, or none for videos.

    Attributes:
        video: What it reads.
    """

    def __init__(self, config: Config, split: str, video: MadeVideo) -> None:
        self.where = f'{config.filename}: the {split} pipeline'
        init_default_scope(config.get('default_scope', 'mmaction'))
        dataset = find_dataset(config, split)
        if 'pipeline' not in dataset:
            raise PluginError(
                f'{self.where} is missing; the config needs {split}_dataloader with a '
                'dataset that has one'
            )
        self.video = made_video(dataset, video)
        self._results = made_sample(dataset, config.model, self.video, self.where)
        try:
            self._steps = Compose(dataset['pipeline']).transforms
        except ImportError as error:
            raise MissingDependencyError(
                f'{self.where} needs what is not installed: {error}'
            ) from error
        except Exception as error:
            raise PluginError(f'{self.where} cannot be built: {error}') from error

    def run(self) -> Sample:
        """Load the video once.

        Raises:
            PluginError: The pipeline cannot read such a video.
        """
        results: Any = copy.deepcopy(self._results)
        clips = None
        for step in self._steps:
            try:
                if 'imgs' in results:
                    clips = results.get('num_clips')
                results = step(results)
            except Exception as error:
                raise PluginError(
                    f'{self.where} cannot be run on a video alone: '
                    f'{type(step).__name__} raised {type(error).__name__}: {error}'
                ) from error
        inputs = results.get('inputs') if isinstance(results, dict) else None
        if inputs is None or not _fit(inputs):
            raise PluginError(
                f'{self.where} does not end in a tensor or a dictionary of tensors of '
                '4 (V·K, C, H, W) or 5 (V, C, T, H, W) dimensions'
            )
        return Sample(inputs, results['data_samples'], _segments(inputs, clips))


def _segments(inputs: Inputs, clips: int | None) -> int:
    """K of frames that are the model's to join; clips stand alone."""
    frames = [len(x) for x in _tensors(inputs) if x.ndim == 4]
    if not frames:
        return 1
    whole = clips and not any(number % clips for number in frames)
    return clips if clips and whole else frames[0]


def _fit(inputs: Any) -> bool:
    tensors = _tensors(inputs)
    return bool(tensors) and all(
        isinstance(x, Tensor) and x.ndim in (4, 5) for x in tensors
    )


def _tensors(inputs: Any) -> list[Any]:
    return list(inputs.values()) if isinstance(inputs, dict) else [inputs]


def _apply(inputs: Inputs, change: Callable[[Tensor], Tensor]) -> Inputs:
    if isinstance(inputs, dict):
        return {key: change(x) for key, x in inputs.items()}
    return change(inputs)
