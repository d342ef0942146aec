"""The head of temporal segment networks.

Shape letters: N videos, V views (crops times clips), K segments, C channels, H height,
W width.
"""

from collections.abc import Sequence
from typing import Any

from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.frames import frames_of
from tpn_tsn_plugin.models.consensus import (
    AttentionConsensus,
    AvgConsensus,
    TemporalWindowConsensus,
)
from tpn_tsn_plugin.models.views import told_segments
from tpn_tsn_plugin.registry import MODELS

from .classification_head import ClassificationHead


@MODELS.register_module()
class SegmentConsensusHead(ClassificationHead):
    """Pool each segment's map, classify, and let the segments agree.

    Takes the options and the checkpoints of MMAction2's ``TSNHead``, which knows the
    average only, and takes it over crops and segments alike. Here a consensus runs over
    the segments of one view, and views are averaged afterwards.

    Which frames belong to one view is read, in testing, from ``num_clips`` in the
    samples' metainfo (``PackActionInputs(meta_keys=('num_clips', ...))``), or from
    ``test_segments``. Where neither is given all frames count as one view, which is
    right without crops and for the average; any other consensus asks for it.

    Args:
        num_classes: Number of classes.
        in_channels: C, channels of the backbone's map.
        consensus: A registered consensus; None for the average.
        consensus_at: ``'scores'``, after the classifier as in the paper, or
            ``'features'``, before it as in ``TSNHead``.
        test_consensus: Another consensus for testing, which must not have weights of
            its own. An attention over windows uses those of ``AttentionConsensus``.
        test_segments: K in testing, where samples do not tell it.
        view_pooling: ``'average'``: consensus first, then the mean over views;
            ``'max'``: the maximum over views first, as the released code does in window
            integration.
        keep_segment_scores: Whether predictions keep ``segment_scores`` (K, classes),
            one row a snippet, averaged (or with ``'max'`` maximised) over views.
        dropout_ratio: Dropout before the classifier.
        init_std: Standard deviation of the classifier's initial weights.
        spatial_type: Only ``'avg'``; stands in MMAction2's configs.
        **kwargs: Options of :class:`ClassificationHead`.

    Raises:
        ValueError: An option is none of the allowed, or two do not go together.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        consensus: dict | None = None,
        consensus_at: str = 'scores',
        test_consensus: dict | None = None,
        test_segments: int | None = None,
        view_pooling: str = 'average',
        keep_segment_scores: bool = False,
        dropout_ratio: float = 0.4,
        init_std: float = 0.01,
        spatial_type: str = 'avg',
        **kwargs: Any,
    ) -> None:
        require_one_of('spatial_type', spatial_type, ['avg'])
        require_one_of('consensus_at', consensus_at, ['scores', 'features'])
        require_one_of('view_pooling', view_pooling, ['average', 'max'])
        if view_pooling == 'max' and consensus_at == 'features':
            raise ValueError(
                "view_pooling='max' takes the maximum of scores and needs "
                "consensus_at='scores', got 'features'"
            )
        if test_segments is not None:
            require_positive_int('test_segments', test_segments)
        kwargs.setdefault('init_cfg', dict(type='Normal', layer='Linear', std=init_std))
        super().__init__(num_classes, in_channels, **kwargs)
        self.consensus_at = consensus_at
        self.test_segments = test_segments
        self.view_pooling = view_pooling
        self.keep_segment_scores = keep_segment_scores
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc_cls = nn.Linear(in_channels, num_classes)
        self.consensus = MODELS.build(consensus or dict(type='AvgConsensus'))
        self.test_consensus = None
        if test_consensus is not None:
            self.test_consensus = MODELS.build(test_consensus)
            self._share_attention()

    def forward(
        self,
        x: Tensor,
        num_segs: int | None = None,
        segments: int | None = None,
        **_: Any,
    ) -> Tensor:
        """Classify (N·V·K, C, H, W), or (N·V, C, K, H, W), into (N·V, num_classes).

        Args:
            x: Maps of the backbone.
            num_segs: Frames of a video, V·K; MMAction2's name for it.
            segments: K, where it is not all of them.

        Raises:
            ValueError: The map does not fit, or the consensus does not fit K.
        """
        features = self._segment_features(x, segments or self.test_segments, num_segs)
        return self._agree(self._scores(features), features)

    def loss(
        self,
        feats: Tensor,
        data_samples: Sequence[ActionDataSample],
        num_segs: int | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """Loss and accuracy; in training all frames of a video are its segments."""
        features = self._segment_features(feats, num_segs, num_segs)
        scores = self._agree(self._scores(features), features)
        return self.loss_by_feat(scores, data_samples)

    def predict(
        self,
        feats: Tensor,
        data_samples: Sequence[ActionDataSample],
        num_segs: int | None = None,
        **_: Any,
    ) -> Sequence[ActionDataSample]:
        """Write scores and labels into the samples.

        Raises:
            ValueError: The map does not fit, or the consensus does not fit K, or K is
                not known and matters.
        """
        segments = self._known_segments(data_samples, num_segs)
        features = self._segment_features(feats, segments, num_segs)
        scores = self._scores(features)
        views = len(features) // len(data_samples)
        by_view = scores.unflatten(0, (-1, views))
        if self.view_pooling == 'max':
            features = features.unflatten(0, (-1, views)).mean(dim=1)
            pooled = scores = by_view.amax(dim=1)
        else:
            pooled = by_view.mean(dim=1)
        self.predict_by_feat(self._agree(scores, features), data_samples)
        if self.keep_segment_scores:
            for sample, rows in zip(data_samples, pooled):
                sample.set_field(rows, 'segment_scores')
        return data_samples

    def _known_segments(
        self, data_samples: Sequence[ActionDataSample], num_segs: int | None
    ) -> int | None:
        """K in testing: as given, or as the sampler left it; None for all frames."""
        if self.test_segments is not None:
            return self.test_segments
        told = told_segments(data_samples)
        if told is not None:
            return told
        if isinstance(self._consensus_now, AvgConsensus):
            return None
        name = type(self._consensus_now).__name__
        raise ValueError(
            f'{name} must know which of {num_segs} frames are segments and which are '
            "crops: pack 'num_clips' (PackActionInputs(meta_keys=('num_clips', ...))) "
            'or set test_segments of the head'
        )

    def _segment_features(
        self, x: Tensor, segments: int | None, num_segs: int | None
    ) -> Tensor:
        """Pooled features (N·V, K, C)."""
        if x.ndim not in (4, 5) or x.shape[1] != self.in_channels:
            raise ValueError(
                f'{type(self).__name__} takes (N·V·K, {self.in_channels}, H, W) or '
                f'(N·V, {self.in_channels}, K, H, W), got {tuple(x.shape)}'
            )
        # The frames of one video, or of one view where time is an axis of the map.
        frames = x.shape[2] if x.ndim == 5 else num_segs or len(x)
        segments = segments or frames
        if x.ndim == 5:
            whole = frames == segments
        else:
            whole = frames % segments == 0 and len(x) % frames == 0
        if not whole:
            raise ValueError(
                f'{frames} frames are no whole number of views of {segments} segments; '
                "check test_segments of the head and the sampler's num_clips"
            )
        maps = frames_of(x) if x.ndim == 5 else x
        return self._pool(maps).unflatten(0, (-1, segments))

    def _pool(self, maps: Tensor) -> Tensor:
        """Features (N·V·K, C) of maps."""
        return maps.flatten(2).mean(dim=2)

    def _scores(self, features: Tensor) -> Tensor:
        """Scores (N·V, K, classes) of the segments."""
        return self.fc_cls(self.dropout(features))

    def _share_attention(self) -> None:
        """Leave the test consensus no weights that training would not learn."""
        testing, training = self.test_consensus, self.consensus
        if (
            isinstance(testing, TemporalWindowConsensus)
            and testing.weight is not None
            and isinstance(training, AttentionConsensus)
        ):
            testing.share_attention(training)
        elif testing is not None and any(True for _ in testing.parameters()):
            raise ValueError(
                f'test_consensus={type(testing).__name__} has weights that training '
                f'with {type(training).__name__} never learns; take one without '
                'weights, or attention over windows with AttentionConsensus'
            )

    @property
    def _consensus_now(self) -> nn.Module:
        if self.training or self.test_consensus is None:
            return self.consensus
        return self.test_consensus

    def _agree(self, scores: Tensor, features: Tensor) -> Tensor:
        """One score a class, (N·V, classes)."""
        if self.consensus_at == 'features':
            return self.fc_cls(self.dropout(self._consensus_now(features, features)))
        return self._consensus_now(scores, features)
