"""A recogniser for 2D backbones with a temporal pyramid.

Shape letters: N videos, V views (crops times clips), K segments, C channels, T time,
H height, W width.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models.recognizers import Recognizer2D
from mmaction.structures import ActionDataSample
from torch import Tensor

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.frames import volume_of
from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class PyramidRecognizer2D(Recognizer2D):
    """``Recognizer2D`` for a 2D backbone (ResNet, TSM) with a neck that needs time.

    MMAction2's ``Recognizer2D`` cannot test such models in several ways: any
    ``max_testing_views`` raises, because it treats the backbone as a dict; with it the
    neck runs twice, the first time on frames without time; ``fcn_test`` needs a
    backbone that knows its number of segments; and without ``fcn_test`` crops and clips
    are folded into time, so that the neck mixes what belongs to different views. Here
    the frames of one view are put together before the neck, which runs once, in
    training and testing alike.

    Args:
        backbone: A 2D backbone that returns maps (N·V·K, C, H, W).
        neck: A neck that takes maps (N·V, C, K, H, W).
        cls_head: A head that classifies the neck's result.
        num_segments: K. Taken from the backbone where it knows it (TSM).
        **kwargs: Options of ``Recognizer2D``. ``test_cfg`` may have ``num_segs``
            (another K for testing), ``max_testing_views`` (frames in one pass, a
            multiple of K, as MMAction2 counts them) and ``fcn_test``.

    Raises:
        ValueError: K is not known, or differs from the backbone's.
    """

    def __init__(
        self,
        backbone: dict,
        cls_head: dict | None = None,
        *,
        neck: dict,
        num_segments: int | None = None,
        **kwargs: Any,
    ) -> None:
        if neck is None:
            raise ValueError(
                'PyramidRecognizer2D needs a neck, got None; without one use '
                'Recognizer2D'
            )
        super().__init__(backbone, cls_head, neck, **kwargs)
        if self.backbone_from in ('torchvision', 'timm'):
            raise ValueError(
                'PyramidRecognizer2D needs a backbone that returns maps of several '
                f'stages (MMAction2, mmpretrain), got one from {self.backbone_from}'
            )
        known = getattr(self.backbone, 'num_segments', None)
        segments = known if num_segments is None else num_segments
        if segments is None:
            raise ValueError(
                'num_segments is not known: set num_segments of PyramidRecognizer2D '
                "to the number of segments of a clip (the sampler's num_clips)"
            )
        self.num_segments: int = segments
        testing = (self.test_cfg or {}).get('num_segs', self.num_segments)
        for name, value in (('num_segments', self.num_segments), ('num_segs', testing)):
            require_positive_int(name, value)
            if known is not None and value != known:
                raise ValueError(
                    f'{name}={value} must equal num_segments={known} of the backbone, '
                    'which shifts features among that many segments'
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
            inputs: Frames (N, V·K, C, H, W), all of a view together.
            stage: ``'backbone'``: tuple of maps (N·V·K, C_i, H_i, W_i); ``'neck'``:
                features (N·V, C, T, H, W); ``'head'``: scores (N·V, classes).
            data_samples: Labels; with them the neck's losses are computed.
            test_mode: Whether ``test_cfg`` holds.

        Returns:
            The features, and what the head takes beside them.

        Raises:
            ValueError: The frames are not a multiple of K, or an option is wrong.
        """
        require_one_of('stage', stage, ['backbone', 'neck', 'head'])
        test_cfg = (self.test_cfg or {}) if test_mode else {}
        segments = test_cfg.get('num_segs', self.num_segments)
        views = self._split_views(inputs, segments)
        # Recognisers of MMAction2 hand the losses on through the head's keywords.
        head_kwargs: dict[str, Any] = dict(loss_aux={})
        if test_mode:
            head_kwargs['fcn_test'] = test_cfg.get('fcn_test', False)

        feats = []
        for part in views.split(self._views_per_pass(test_cfg, segments, len(views))):
            maps = self._backbone_maps(part.flatten(0, 1))
            if stage == 'backbone':
                feats.append(maps)
                continue
            volumes = [volume_of(x, segments) for x in maps]
            x, head_kwargs['loss_aux'] = self.neck(volumes, data_samples=data_samples)
            feats.append((x,))
        joined = tuple(torch.cat(parts) for parts in zip(*feats))
        if stage == 'backbone':
            return joined, head_kwargs
        if stage == 'head' and self.with_cls_head:
            return self.cls_head(joined[0], **head_kwargs), head_kwargs
        return joined[0], head_kwargs

    def _backbone_maps(self, frames: Tensor) -> tuple[Tensor, ...]:
        maps = self.backbone(frames)
        return (maps,) if isinstance(maps, Tensor) else tuple(maps)

    @staticmethod
    def _split_views(inputs: Tensor, segments: int) -> Tensor:
        """(N, V·K, C, H, W) to (N·V, K, C, H, W)."""
        if inputs.ndim != 5 or inputs.shape[1] % segments:
            raise ValueError(
                f'inputs must be (N, V·{segments}, C, H, W), a multiple of the '
                f'{segments} segments of a view, got {tuple(inputs.shape)}; check '
                "num_segments of the model against the sampler's num_clips"
            )
        return inputs.reshape(-1, segments, *inputs.shape[2:])

    @staticmethod
    def _views_per_pass(test_cfg: dict, segments: int, total: int) -> int:
        frames = test_cfg.get('max_testing_views')
        if frames is None or frames is False:
            return max(1, total)
        require_positive_int('max_testing_views', frames)
        if frames % segments:
            raise ValueError(
                'max_testing_views counts frames and must be a multiple of the '
                f'{segments} segments of a view, got {frames}'
            )
        return frames // segments
