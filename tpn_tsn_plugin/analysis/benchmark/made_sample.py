"""What a data set tells its pipeline about a video, without the data set's files."""

from dataclasses import replace
from typing import Any

import torch
from mmengine.config import ConfigDict

from tpn_tsn_plugin.datasets.tempo_demo import TRIMMED_SPLITS
from tpn_tsn_plugin.datasets.tempo_demo.dataset import DemoVideoDataset
from tpn_tsn_plugin.datasets.tempo_demo.untrimmed import DURATION
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import DATASETS

from .made_video import MadeVideo, count_values

RGB_NAME, FIELD_NAME = 'img_{:05}.jpg', 'flow_{}_{:05}.jpg'


def made_video(dataset: ConfigDict, video: MadeVideo) -> MadeVideo:
    """The video in the size of those that the data set makes, if it makes any."""
    kind = dataset['type']
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if not isinstance(kind, type) or not issubclass(kind, DemoVideoDataset):
        return video
    scene = kind.TASK.options.from_dicts(scene=dataset.get('scene')).scene
    frames = scene.num_frames
    if dataset.get('split', 'train') not in TRIMMED_SPLITS:
        frames = round(scene.fps * sum(DURATION) / len(DURATION))
    size = (scene.size, scene.size)
    return replace(video, frames=frames, fps=scene.fps, size=size)


def made_sample(
    dataset: ConfigDict, model: ConfigDict, video: MadeVideo, where: str
) -> dict[str, Any]:
    """What a data set would tell its pipeline about a made-up video.

    Args:
        dataset: The data set, with its pipeline.
        model: The model, whose head says what a label is.
        video: The video.
        where: What to call the pipeline in an error.

    Raises:
        PluginError: The pipeline does not read videos or frames.
    """
    steps = [_name(step) for step in dataset['pipeline']]
    sample = dict(
        video_id='video',
        modality=dataset.get('modality', 'RGB'),
        label=_label(model.get('cls_head') or {}),
    )
    if any(name.endswith('Init') for name in steps):
        first = dataset.get('start_index', 0)
        return dict(sample, filename=str(video.video()), start_index=first)
    if not any('FrameDecode' in name for name in steps):
        raise PluginError(
            f'{where} reads neither videos nor frames ({", ".join(steps)}), which is '
            'all that can be made up here'
        )
    options = [dataset, *dataset['pipeline']]
    names = [
        str(entry[key])
        for entry in options
        for key in ('filename_tmpl', 'flow_filename_tmpl')
        if isinstance(entry, dict) and entry.get(key)
    ]
    rgb = next((name for name in names if count_values(name) == 1), RGB_NAME)
    fields = next((name for name in names if count_values(name) == 2), FIELD_NAME)
    first = dataset.get('start_index', 1)
    return dict(
        sample,
        frame_dir=str(video.frame_folder(rgb, fields, first)),
        filename_tmpl=fields if sample['modality'] == 'Flow' else rgb,
        start_index=first,
        total_frames=video.frames,
        avg_fps=float(video.fps),
    )


def _name(step: Any) -> str:
    """The type of a transform, which a config may name or hold."""
    kind = step['type'] if isinstance(step, dict) else type(step)
    return str(getattr(kind, '__name__', kind))


def _label(head: ConfigDict) -> Any:
    """A label of the kind that a head reads."""
    if 'tasks' in head:
        return [0] * len(head['tasks'])
    return torch.zeros(head['num_classes']) if head.get('multi_class') else 0
