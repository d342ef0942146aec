"""The two inputs of a two-stream network, from the one list that both share.

Shape letters: V views (crops times clips), K snippets of a view, L fields of a snippet,
T frames of it, H height, W width.
"""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.registry import TRANSFORMS

from .modalities import TWO_STREAMS, is_field


@TRANSFORMS.register_module()
class FormatTwoStreams(BaseTransform):
    """Part RGB frames from fields, and give both the shape that a network takes.

    Comes last before ``PackActionInputs(collect_keys=('imgs', 'flow_imgs'))``, whose
    batches MMAction2's ``MultiModalDataPreprocessor`` takes.

    Required keys are ``imgs``, ``clip_len`` and ``modality``; ``imgs`` is changed,
    ``flow_imgs`` and ``input_shape`` are added.

    Args:
        input_format: ``'NCHW'`` for 2D backbones: a frame (V·K, 3, H, W) and its stack
            of fields (V·K, 2L, H, W), x and y in turn; ``'NCTHW'`` for 3D backbones:
            (V·K, 3, T, H, W) and (V·K, 2, T, H, W), with T = L.

    Raises:
        ValueError: ``input_format`` is neither.
    """

    def __init__(self, input_format: str = 'NCHW') -> None:
        require_one_of('input_format', input_format, ['NCHW', 'NCTHW'])
        self.input_format = input_format

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Format the sample.

        Args:
            results: The sample.

        Returns:
            The sample with ``imgs`` and ``flow_imgs``.

        Raises:
            ValueError: The sample has one modality only, was flipped as if it were
                RGB, or its snippets have other numbers of frames than the format wants.
        """
        if results['modality'] != TWO_STREAMS:
            raise ValueError(
                f'FormatTwoStreams needs modality {TWO_STREAMS!r}, got '
                f'{results["modality"]!r}; give ComputeOpticalFlow keep_rgb, or read '
                'folders by FindPairedFrames and PairedRawFrameDecode'
            )
        if results.get('flip') and not results.get('fields_mirrored'):
            raise ValueError(
                'the sample was flipped by a transform that leaves horizontal motion '
                'as it was; use OpticalFlowFlip in place of Flip'
            )
        fields = np.stack([image for image in results['imgs'] if is_field(image)])
        frames = np.stack([image for image in results['imgs'] if not is_field(image)])
        length = results['clip_len']
        snippets = len(fields) // length
        in_time = self.input_format == 'NCTHW'
        wanted = length if in_time else 1
        if len(frames) != snippets * wanted:
            raise ValueError(
                f'input_format={self.input_format!r} needs {wanted} RGB frames a '
                f'snippet, got {len(frames) / snippets:g}; sample with '
                f'keep_rgb={"all" if in_time else "centre"!r}'
            )
        # From (V·K, T, H, W, C): channels before time for 3D backbones, else after it.
        order = (0, 4, 1, 2, 3) if in_time else (0, 1, 4, 2, 3)
        frames = frames.reshape(snippets, wanted, *frames.shape[1:]).transpose(order)
        fields = fields.reshape(snippets, length, *fields.shape[1:]).transpose(order)
        if not in_time:
            height, width = fields.shape[-2:]
            frames, fields = frames[:, 0], fields.reshape(snippets, -1, height, width)
        results['imgs'], results['flow_imgs'] = frames, fields
        results['input_shape'] = frames.shape
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(input_format={self.input_format!r})'
