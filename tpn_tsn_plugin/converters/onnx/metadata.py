"""What an ONNX file says about itself: enough to feed it without the config.

All values are text, as the format wants it; what is no plain text is JSON.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .inputs import GraphInput
from .scoring import VideoScores

# Options of the step that samples frames.
SAMPLING = ('clip_len', 'frame_interval', 'num_clips')


def describe_graph(
    scores: VideoScores,
    inputs: Mapping[str, GraphInput],
    pipeline: Sequence[Mapping[str, Any]],
    class_names: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Describe inputs, outputs and classes.

    Args:
        scores: What the graph computes.
        inputs: What it takes.
        pipeline: The steps of the test pipeline that its inputs come from.
        class_names: Names by task, ``''`` where there is one alone.

    Returns:
        Text by key.
    """
    sampler = next((step for step in pipeline if SAMPLING[0] in step), {})
    names: Any = {task: list(own) for task, own in class_names.items()}
    return {
        'model': type(scores.model).__name__,
        'classes': json.dumps(names.get('', names), ensure_ascii=False),
        'inputs': json.dumps(
            {name: _describe(name, own, scores) for name, own in inputs.items()}
        ),
        'outputs': json.dumps(dict.fromkeys(scores.output_names, scores.meaning)),
        **{key: str(sampler[key]) for key in SAMPLING if key in sampler},
        # Steps may hold what JSON has no word for.
        'test_pipeline': json.dumps(list(pipeline), default=str),
    }


def describe_source(
    version: str, config: Path, checkpoint: Path, sha256: str
) -> dict[str, str]:
    """Say where a graph comes from, by names of files without their folders.

    Args:
        version: Of the plugin.
        config: The config.
        checkpoint: The checkpoint.
        sha256: Of the checkpoint.
    """
    return {
        'tpn_tsn_plugin': version,
        'config': config.name,
        'checkpoint': checkpoint.name,
        'checkpoint_sha256': sha256,
    }


def _describe(name: str, own: GraphInput, scores: VideoScores) -> dict[str, Any]:
    preprocessor: Any = scores.preprocessors[name]
    steps = {
        key: getattr(preprocessor, key).flatten().tolist()
        for key in ('mean', 'std')
        if hasattr(preprocessor, key)
    }
    return {
        'axes': own.axes,
        'shape': own.shape,
        'segments': None if own.is_clip else own.view[0],
        'values': 'as the test pipeline hands them over, RGB from 0 to 255; the graph '
        'subtracts mean and divides by std',
        'reversed_channels': bool(preprocessor.to_rgb),
        **steps,
    }
