"""The recogniser of two streams, fused wherever a config says.

Shape letters: N videos, V views (crops times clips), K frames of a view, L fields in a
stack, C channels, T time, H height, W width.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.frames import volume_of
from tpn_tsn_plugin.models.backbones.stages import remove_parts, split_stages
from tpn_tsn_plugin.registry import MODELS

from .stream_plan import (
    STREAMS,
    Stages,
    build_fusion,
    check_plan,
    cut_stages,
    read_fusion_point,
    read_fusions,
    run_streams,
    surviving_streams,
)
from .two_stream_heads import (
    HEADS,
    average_predictions,
    require_heads,
    require_same_classes,
    require_weights,
)
from .two_stream_inputs import (
    INPUTS,
    frames_of_view,
    require_inputs,
    require_single_clips,
    require_whole_clips,
)


@MODELS.register_module()
class TwoStreamRecognizer(BaseModel):
    """A spatial stream that sees RGB and a temporal one that sees optical flow.

    Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3. Inputs are a dict:
    ``imgs`` (N, V·K, 3, H, W) and ``flow_imgs`` (N, V·K, 2L, H, W) for 2D backbones,
    (N, V, 3, T, H, W) and (N, V, 2, T, H, W) for 3D ones.

    Streams are fused after a stage, or after several. The fused map goes on in one
    stream; the other one is cut there, which removes what it no longer needs, or kept.
    Where both streams reach their end each has a head: both losses are trained, and
    predictions are averaged. Without any fusion this is late fusion.

    Args:
        spatial_backbone: Backbone of the RGB frames.
        temporal_backbone: Backbone of the optical flow. Either is a 2D or 3D backbone
            of MMAction2 or of the plugin, with one stage in ``out_indices``.
        cls_head: Head of the spatial stream, or of the one stream that is left.
        temporal_head: Head of the temporal stream where both reach their end.
        stream_fusion: A registered fusion each, with ``stage``: its name, its number
            in ``out_indices``, or ``dict(spatial=..., temporal=...)``; ``into``:
            ``'spatial'`` (default) or ``'temporal'``; and ``keep``: whether the other
            stream goes on (default False).
        temporal_pooling: Pooling of the K maps of a view before ``cls_head``. The head
            then sees (N·V, C, K', H', W').
        temporal_head_pooling: The same before ``temporal_head``.
        head_weights: Weights of the two heads' predictions.
        test_segments: K in testing, for temporal pooling; None reads ``num_clips``
            from the samples (``PackActionInputs(meta_keys=('num_clips', ...))``).
        train_cfg: Not used; stands in MMAction2's configs.
        test_cfg: ``max_testing_views``: frames (2D) or clips (3D) of one pass.
        data_preprocessor: MMAction2's ``MultiModalDataPreprocessor``.
        init_cfg: Weights to start from.

    Raises:
        ValueError: A stage, stream or option does not exist, fusions cannot be run one
            after the other, or heads and streams do not match.
    """

    def __init__(
        self,
        spatial_backbone: dict,
        temporal_backbone: dict,
        *,
        cls_head: dict,
        temporal_head: dict | None = None,
        stream_fusion: Sequence[dict] = (),
        temporal_pooling: dict | None = None,
        temporal_head_pooling: dict | None = None,
        head_weights: Sequence[float] = (1.0, 1.0),
        test_segments: int | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.spatial_backbone = MODELS.build(spatial_backbone)
        self.temporal_backbone = MODELS.build(temporal_backbone)
        self._add_fusions(stream_fusion)
        self.streams = surviving_streams(self.points)
        self._add_heads(cls_head, temporal_head)
        self._add_pooling(temporal_pooling, temporal_head_pooling)
        self.head_weights = require_weights(head_weights)
        if test_segments is not None:
            require_positive_int('test_segments', test_segments)
        self.test_segments = test_segments
        self.train_cfg, self.test_cfg = train_cfg, test_cfg
        self.views_per_pass = (test_cfg or {}).get('max_testing_views')
        if self.views_per_pass is not None:
            require_positive_int('max_testing_views', self.views_per_pass)

    def _add_fusions(self, configs: Sequence[dict]) -> None:
        stages, fusions, self.points = self._stages(), [], []
        for place, config in read_fusions(configs):
            self.points.append(read_fusion_point(place, config, stages))
            fusions.append(build_fusion(place, config))
        check_plan(self.points, fusions, stages)
        for stream, unused in cut_stages(self.points, stages).items():
            remove_parts(self._backbone(stream), unused)
        self.stream_fusion = nn.ModuleList(fusions)

    def _add_heads(self, cls_head: dict, temporal_head: dict | None) -> None:
        require_heads(self.streams, temporal_head)
        self.cls_head = MODELS.build(cls_head)
        if temporal_head is not None:
            self.temporal_head = MODELS.build(temporal_head)
            require_same_classes(self.cls_head, self.temporal_head)
        self.heads = dict(zip(self.streams, HEADS))

    def _add_pooling(self, first: dict | None, second: dict | None) -> None:
        if second is not None and len(self.streams) == 1:
            raise ValueError(
                'temporal_head_pooling comes before temporal_head, and there is none'
            )
        poolings = zip(self.streams, (first, second))
        self.pooling = nn.ModuleDict(
            {name: MODELS.build(config) for name, config in poolings if config}
        )

    def _backbone(self, stream: str) -> nn.Module:
        return self.get_submodule(f'{stream}_backbone')

    def _stages(self) -> Stages:
        # Made anew each time: a copy of the model must run its own modules.
        return {stream: split_stages(self._backbone(stream)) for stream in STREAMS}

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        data_samples: Sequence[ActionDataSample] | None = None,
        mode: str = 'tensor',
        stage: str = 'backbone',
    ) -> Any:
        """MMAction2's entry for features, losses and predictions.

        Args:
            inputs: ``imgs`` and ``flow_imgs``.
            data_samples: One sample a video.
            mode: ``'tensor'``, ``'loss'`` or ``'predict'``.
            stage: For ``'tensor'``, what :meth:`extract_feat` takes.

        Returns:
            With ``'tensor'`` a tensor, or one a surviving stream; with ``'loss'`` a
            dict; with ``'predict'`` the samples.
        """
        require_one_of('mode', mode, ['tensor', 'loss', 'predict'])
        if mode == 'loss':
            return self.loss(inputs, data_samples or [])
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        feats, _ = self.extract_feat(inputs, stage, data_samples)
        if isinstance(feats, Tensor):
            return feats
        return feats[self.streams[0]] if len(feats) == 1 else tuple(feats.values())

    def loss(
        self, inputs: Mapping[str, Tensor], data_samples: Sequence[ActionDataSample]
    ) -> dict[str, Tensor]:
        """Losses and accuracies; those of ``temporal_head`` begin with its stream."""
        require_single_clips(inputs)
        feats, head_kwargs = self.extract_feat(inputs, 'neck', data_samples)
        losses = {}
        for stream, name in self.heads.items():
            prefix = 'temporal_' if name == 'temporal_head' else ''
            found = self.get_submodule(name).loss(
                feats[stream], data_samples, **head_kwargs[stream]
            )
            losses.update({f'{prefix}{key}': value for key, value in found.items()})
        return losses

    def predict(
        self, inputs: Mapping[str, Tensor], data_samples: Sequence[ActionDataSample]
    ) -> Sequence[ActionDataSample]:
        """Write scores and labels into the samples, averaged over the heads."""
        feats, head_kwargs = self.extract_feat(
            inputs, 'neck', data_samples, test_mode=True
        )
        scores = []
        for stream, name in self.heads.items():
            self.get_submodule(name).predict(
                feats[stream], data_samples, **head_kwargs[stream]
            )
            scores.append([sample.pred_score for sample in data_samples])
        if len(scores) > 1:
            average_predictions(data_samples, scores, self.head_weights)
        return data_samples

    def extract_feat(
        self,
        inputs: Mapping[str, Tensor],
        stage: str = 'backbone',
        data_samples: Sequence[ActionDataSample] | None = None,
        test_mode: bool = False,
    ) -> tuple[Any, dict[str, dict[str, Any]]]:
        """Extract features of a stage.

        Args:
            inputs: ``imgs`` and ``flow_imgs``.
            stage: ``'backbone'``: the last map of each stream; ``'neck'``: the same
                after temporal pooling; ``'head'``: scores; or one map in between:
                ``'spatial.layer1'``, ``'temporal.layer1'``, ``'fusion.0'``.
            data_samples: Tell K in testing.
            test_mode: Whether ``test_cfg`` holds.

        Returns:
            One map, or one by stream; and what each stream's head takes beside it.

        Raises:
            ValueError: Inputs do not fit the streams, maps do not fit each other, or
                there is no such stage.
        """
        backbones = {stream: self._backbone(stream) for stream in STREAMS}
        in_step = bool(self.points) or self.views_per_pass is not None
        maps = require_inputs(inputs, backbones, in_step)
        if stage not in ('backbone', 'neck', 'head'):
            return self._map_between(maps, stage), {}
        feats = self._run(maps, test_mode)
        head_kwargs: dict[str, dict[str, Any]] = {stream: {} for stream in feats}
        for stream in feats:
            if inputs[INPUTS[stream]].ndim == 5:
                head_kwargs[stream]['num_segs'] = inputs[INPUTS[stream]].shape[1]
        if stage == 'backbone':
            return feats, head_kwargs
        for stream, pool in self.pooling.items():
            x = feats[stream]
            if x.ndim == 4:
                frames = head_kwargs[stream].pop('num_segs')
                segments = frames_of_view(
                    frames, data_samples, self.test_segments, test_mode
                )
                x = volume_of(x, segments)
            feats[stream] = pool(x)
        if stage == 'neck':
            return feats, head_kwargs
        return {
            stream: self.get_submodule(name)(feats[stream], **head_kwargs[stream])
            for stream, name in self.heads.items()
        }, head_kwargs

    def _map_between(self, maps: Mapping[str, Tensor], stage: str) -> Tensor:
        seen: dict[str, Tensor] = {}
        self._run(maps, watch=seen.__setitem__)
        require_one_of('stage', stage, ['backbone', 'neck', 'head', *seen])
        return seen[stage]

    def _run(
        self, maps: Mapping[str, Tensor], test_mode: bool = False, watch: Any = None
    ) -> dict[str, Tensor]:
        run = partial(
            run_streams,
            stages=self._stages(),
            points=self.points,
            fusions=self.stream_fusion,
            watch=watch,
        )
        if not test_mode or self.views_per_pass is None:
            return run(maps)
        parts = [
            x.split(
                require_whole_clips(self.views_per_pass, name, self._backbone(name))
            )
            for name, x in maps.items()
        ]
        passes = [run(dict(zip(maps, part))) for part in zip(*parts, strict=True)]
        return {
            stream: torch.cat([feats[stream] for feats in passes])
            for stream in self.streams
        }
