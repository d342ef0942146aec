"""A recogniser for many single frames: untrimmed videos, ten crops.

Shape letters: N videos, V views (crops times clips), K segments, C channels, H height,
W width.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models.recognizers import Recognizer2D
from mmaction.structures import ActionDataSample
from torch import Tensor

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class SegmentRecognizer2D(Recognizer2D):
    """``Recognizer2D`` that tests any number of frames in bounded memory.

    A minute of video at one snippet a second and ten crops is 600 frames. MMAction2's
    ``max_testing_views`` would divide them, but its ``Recognizer2D`` raises with any
    value, because it treats the backbone as a dict. Here the backbone sees that many
    frames at a time. Everything else is MMAction2's.

    Args:
        backbone: A 2D backbone with one map a frame.
        cls_head: A head that knows segments, such as ``SegmentConsensusHead``.
        **kwargs: Options of ``Recognizer2D``, but no neck. ``test_cfg`` may have
            ``max_testing_views``, frames in one pass.

    Raises:
        ValueError: There is a neck, or ``max_testing_views`` is no whole number from 1
            on, or no multiple of the segments that the backbone shifts.
    """

    def __init__(
        self,
        backbone: dict,
        cls_head: dict | None = None,
        *,
        neck: None = None,
        test_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if neck is not None:
            raise ValueError(
                'SegmentRecognizer2D takes no neck; with one use PyramidRecognizer2D'
            )
        rest = dict(test_cfg or {})
        frames = rest.pop('max_testing_views', None)
        super().__init__(backbone, cls_head, test_cfg=rest or None, **kwargs)
        self.max_testing_views: int | None = frames
        shifted = getattr(self.backbone, 'num_segments', 1)
        if frames is not None:
            require_positive_int('max_testing_views', frames)
            if frames % shifted:
                raise ValueError(
                    f'max_testing_views={frames} must be a multiple of '
                    f'num_segments={shifted} of the backbone, which shifts features '
                    'among that many frames'
                )

    def extract_feat(
        self,
        inputs: Tensor,
        stage: str = 'neck',
        data_samples: Sequence[ActionDataSample] | None = None,
        test_mode: bool = False,
    ) -> tuple:
        """Extract features of a stage.

        Args:
            inputs: Frames (N, V·K, C, H, W).
            stage: ``'backbone'`` or ``'neck'``: maps (N·V·K, C', H', W'); ``'head'``:
                scores.
            data_samples: Not used.
            test_mode: Whether ``test_cfg`` holds.

        Returns:
            The features, and what the head takes beside them.
        """
        if not test_mode or self.max_testing_views is None:
            return super().extract_feat(inputs, stage, data_samples, test_mode)
        frames = inputs.flatten(0, 1)
        parts = [
            super(SegmentRecognizer2D, self).extract_feat(
                part[None], 'backbone', test_mode=True
            )
            for part in frames.split(self.max_testing_views)
        ]
        maps = torch.cat([features for features, _ in parts])
        head_kwargs = {**parts[0][1], 'num_segs': inputs.shape[1], 'loss_aux': {}}
        if stage == 'head' and self.with_cls_head:
            return self.cls_head(maps, **head_kwargs), head_kwargs
        return maps, head_kwargs
