"""The Temporal Pyramid Network as a neck.

Shape letters: N samples (videos times views), C channels, T time, H height, W width,
M levels.
"""

from collections.abc import Sequence
from typing import cast

from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.pyramid import sample_in_time
from tpn_tsn_plugin.registry import MODELS

from . import checks
from .auxiliary_head import AuxiliaryHead
from .fusion import LevelFusion, PyramidFusion
from .information_flow import KINDS, InformationFlow
from .mmaction2 import accept_mmaction2_options, rename_mmaction2_keys
from .spatial_modulation import SpatialSemanticModulation, default_strides
from .temporal_modulation import TemporalRateModulation, WidthProjection

# As MMAction2 initialises its TPN.
DEFAULT_INIT = [
    dict(type='Xavier', layer='Conv3d', distribution='uniform'),
    dict(type='Constant', layer='_BatchNorm', val=1),
    dict(type='Normal', layer='Linear', std=0.01),
]


@MODELS.register_module()
class TemporalPyramidNeck(BaseModule):
    """Temporal Pyramid Network (Yang et al., CVPR 2020).

    Turns backbone maps into a pyramid of visual tempos, lets its levels exchange
    features, and fuses them into one map for a head. With the cascade or parallel
    information flow it computes what MMAction2's ``TPN`` computes, takes that module's
    options in place of its own, and loads its checkpoints.

    Args:
        in_channels: Channels of the maps, shallow to deep; one number for
            ``single_depth``.
        out_channels: Channels of the result.
        temporal_rates: alpha_i, one a level, not falling: by how much level i is pooled
            along time. For ``single_depth`` the sampling rates r_1 < … < r_M. A single
            frame passes at any rate.
        source: ``'multi_depth'`` (one map a level) or ``'single_depth'`` (one map,
            sampled along time at M rates); section 3.1.
        information_flow: ``'isolation'``, ``'bottom_up'``, ``'top_down'``,
            ``'cascade'`` or ``'parallel'``; section 3.2.
        mid_channels: Channels of the levels while they exchange features.
        groups: Groups of the temporal convolutions and of those in level fusion.
        spatial_modulation: Whether convolutions bring the levels to the top's height,
            width and channels. Without them, pooling and up-sampling in the information
            flow and in level fusion do (Table 6b).
        spatial_strides: How many times larger each level's H and W are than the top's,
            powers of two. Taken from the ratios of ``in_channels`` unless given.
        temporal_modulation: Whether levels are convolved and pooled along time. Without
            it a 1×1×1 convolution only brings them to ``mid_channels``.
        aux_head: Auxiliary heads on every level but the top, as ``dict(num_classes=400,
            loss_weights=0.5)``: ``loss_weights`` are lambda_i of eq. 1, one for all or
            one a level (0 leaves that level without). Also ``dropout_ratio`` (0.5) and
            ``loss_cls`` (cross entropy). None: no auxiliary heads.
        fusion_channels: Channels of each fused pyramid where there are two
            (``cascade``, ``parallel``); ``out_channels`` unless given.
        norm_cfg: Normalisation layer.
        init_cfg: Initialisation; ``DEFAULT_INIT`` unless given.

    Raises:
        ValueError: An option has a value that is not allowed, or two do not agree.
    """

    @accept_mmaction2_options
    def __init__(
        self,
        in_channels: int | Sequence[int],
        out_channels: int = 2048,
        *,
        temporal_rates: Sequence[int],
        source: str = 'multi_depth',
        information_flow: str = 'parallel',
        mid_channels: int = 1024,
        groups: int = 32,
        spatial_modulation: bool = True,
        spatial_strides: Sequence[int] | None = None,
        temporal_modulation: bool = True,
        aux_head: dict | None = None,
        fusion_channels: int | None = None,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg or DEFAULT_INIT)
        require_one_of('source', source, ['multi_depth', 'single_depth'])
        require_one_of('information_flow', information_flow, KINDS)
        rates = checks.check_rates(temporal_rates, source)
        widths = checks.check_widths(in_channels, source, len(rates))
        require_positive_int('out_channels', out_channels)
        require_positive_int('mid_channels', mid_channels)
        self.source = source
        self.temporal_rates = rates
        self.in_channels = widths
        self.out_channels = out_channels
        norm_cfg = norm_cfg or dict(type='BN3d')
        single = source == 'single_depth'

        self.aux_heads = self._build_aux_heads(aux_head, norm_cfg)

        self.spatial_modulation = None
        if spatial_modulation and not single:
            strides = checks.check_strides(
                spatial_strides or default_strides(widths), len(rates)
            )
            self.spatial_modulation = SpatialSemanticModulation(
                widths, strides, norm_cfg
            )
            widths = self.spatial_modulation.out_channels
        else:
            reason = 'without spatial modulation, which single_depth never has'
            checks.refuse_unused('spatial_strides', spatial_strides, reason)

        checks.check_groups(groups, [*widths, mid_channels])
        # A single-depth level has its rate from sampling; it is not pooled again.
        pool_rates = (1,) * len(rates) if single else rates
        self.shortens_time = single or temporal_modulation
        self.temporal_modulation = nn.ModuleList(
            TemporalRateModulation(width, mid_channels, rate, groups)
            if temporal_modulation
            else WidthProjection(width, mid_channels, groups)
            for width, rate in zip(widths, pool_rates)
        )
        self.information_flow = InformationFlow(
            information_flow, mid_channels, len(rates)
        )
        self._build_fusion(mid_channels, fusion_channels, groups, norm_cfg)
        self.register_load_state_dict_pre_hook(rename_mmaction2_keys)

    def _build_fusion(
        self,
        mid_channels: int,
        fusion_channels: int | None,
        groups: int,
        norm_cfg: dict,
    ) -> None:
        """Level fusion for each pyramid, and pyramid fusion where there are two."""
        num_pyramids = self.information_flow.num_pyramids
        if num_pyramids == 1:
            reason = f'with information_flow={self.information_flow.name!r}'
            checks.refuse_unused('fusion_channels', fusion_channels, reason)
        if fusion_channels is None:
            fusion_channels = self.out_channels
        require_positive_int('fusion_channels', fusion_channels)
        self.level_fusions = nn.ModuleList(
            LevelFusion(
                mid_channels,
                fusion_channels,
                num_levels=len(self.temporal_rates),
                groups=groups,
                norm_cfg=norm_cfg,
            )
            for _ in range(num_pyramids)
        )
        self.pyramid_fusion = (
            PyramidFusion(fusion_channels, self.out_channels, norm_cfg)
            if num_pyramids == 2
            else None
        )

    def _build_aux_heads(self, aux_head: dict | None, norm_cfg: dict) -> nn.ModuleDict:
        """One head for each level with a weight, under the level's number."""
        heads = nn.ModuleDict()
        if aux_head is None:
            return heads
        settings = checks.read_aux_head(aux_head, len(self.in_channels) - 1)
        for level, weight in enumerate(settings.pop('loss_weights')):
            if weight:
                heads[str(level + 1)] = AuxiliaryHead(
                    self.in_channels[level],
                    loss_weight=weight,
                    norm_cfg=norm_cfg,
                    **settings,
                )
        return heads

    def forward(
        self,
        maps: Tensor | Sequence[Tensor],
        data_samples: Sequence[ActionDataSample] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Build the pyramid and fuse it.

        Args:
            maps: M maps (N, C_i, T_i, H_i, W_i), shallow to deep, or one map for
                ``single_depth``.
            data_samples: Labels, one a sample; only with them auxiliary losses are
                computed.

        Returns:
            The features (N, out_channels, T', H_M, W_M), T' the shortest level's
            length, and the weighted auxiliary losses, ``loss_aux_i`` for level i
            (counted from 1, as in eq. 1).

        Raises:
            ValueError: The maps do not fit the checks.
        """
        levels = self._levels(maps)
        losses = {}
        if data_samples is not None:
            losses = {
                f'loss_aux_{number}': self._aux_loss(number, levels, data_samples)
                for number in self.aux_heads
            }
        if self.spatial_modulation is not None:
            levels = self.spatial_modulation(levels)
        levels = [
            modulate(level) for modulate, level in zip(self.temporal_modulation, levels)
        ]
        pyramids = self.information_flow(levels)
        fused = [fuse(levels) for fuse, levels in zip(self.level_fusions, pyramids)]
        if self.pyramid_fusion is None:
            return fused[0], losses
        return self.pyramid_fusion(fused), losses

    def _aux_loss(
        self,
        number: str,
        levels: Sequence[Tensor],
        data_samples: Sequence[ActionDataSample],
    ) -> Tensor:
        head = cast(AuxiliaryHead, self.aux_heads[number])
        return head.loss(levels[int(number) - 1], data_samples)

    def _levels(self, maps: Tensor | Sequence[Tensor]) -> list[Tensor]:
        """The pyramid's levels as they come from the backbone, checked."""
        maps = [maps] if isinstance(maps, Tensor) else list(maps)
        checks.check_maps(maps, self.in_channels, self.source)
        single = self.source == 'single_depth'
        levels = maps * len(self.temporal_rates) if single else maps
        if self.shortens_time:
            checks.check_lengths(levels, self.temporal_rates)
        if not single:
            return levels
        return [sample_in_time(x, r) for x, r in zip(levels, self.temporal_rates)]
