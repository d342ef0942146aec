"""What MMAction2's own ``TPN`` left behind: its options and its checkpoints.

A config that says ``type='TPN'`` needs only the type changed, and its checkpoints load
as they are. Nothing else in the package knows MMAction2's names.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of

# In the order of TPN's own arguments, after in_channels and out_channels.
_OPTIONS = (
    'spatial_modulation_cfg',
    'temporal_modulation_cfg',
    'upsample_cfg',
    'downsample_cfg',
    'level_fusion_cfg',
    'aux_head_cfg',
    'flow_type',
)
_REQUIRED = (
    'in_channels',
    'out_channels',
    'spatial_modulation_cfg',
    'temporal_modulation_cfg',
    'upsample_cfg',
    'downsample_cfg',
    'level_fusion_cfg',
)
_REQUIRED_KEYS = (
    ('temporal_modulation_cfg', 'downsample_scales'),
    ('level_fusion_cfg', 'out_channels'),
    ('aux_head_cfg', 'out_channels'),
)
# MMAction2 fixes the width after pyramid fusion.
_OUT_CHANNELS = 2048
_FLOW_TYPES = ('cascade', 'parallel')


def accept_mmaction2_options(init: Callable[..., None]) -> Callable[..., None]:
    """Let a constructor take the options of MMAction2's ``TPN`` instead of its own."""

    @functools.wraps(init)
    def wrapper(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        if any(name in kwargs for name in _OPTIONS):
            names = ('in_channels', 'out_channels', *_OPTIONS)
            kwargs = translate_options({**dict(zip(names, args)), **kwargs})
            args = ()
        init(self, *args, **kwargs)

    return wrapper


def translate_options(cfg: dict[str, Any]) -> dict[str, Any]:
    """Say in the options of ``TemporalPyramidNeck`` what a ``TPN`` config says.

    Scale factors are dropped: they follow from the temporal rates.

    Args:
        cfg: The options of MMAction2's ``TPN``.

    Returns:
        The same neck's options here.

    Raises:
        ValueError: An option is missing, unknown, or says what cannot be said here.
    """
    allowed = ('in_channels', 'out_channels', 'init_cfg', *_OPTIONS)
    unknown = sorted(set(cfg) - set(allowed))
    if unknown:
        raise ValueError(
            f"options of MMAction2's TPN cannot be mixed with {unknown}; write either "
            f'{list(allowed)} or the options of TemporalPyramidNeck'
        )
    missing = [name for name in _REQUIRED if not cfg.get(name)]
    missing += [
        f'{name}.{key}'
        for name, key in _REQUIRED_KEYS
        if cfg.get(name) and key not in cfg[name]
    ]
    if missing:
        raise ValueError(
            f"MMAction2's TPN cannot be built without {missing}; give them, or use the "
            'options of TemporalPyramidNeck (temporal_rates and its own names)'
        )
    require_one_of('flow_type', cfg.get('flow_type', 'cascade'), _FLOW_TYPES)
    in_channels = tuple(cfg['in_channels'])
    mid_channels = cfg['out_channels']
    fusion = cfg['level_fusion_cfg']
    _require(
        'spatial_modulation_cfg',
        cfg['spatial_modulation_cfg'],
        in_channels=in_channels,
        out_channels=in_channels[-1],
    )
    widths = (mid_channels,) * len(in_channels)
    _require('level_fusion_cfg', fusion, in_channels=widths, mid_channels=widths)
    _require('upsample_cfg', cfg['upsample_cfg'], mode='nearest')
    other = sorted(set(cfg['downsample_cfg']) - {'downsample_scale'})
    if other:
        raise ValueError(f'downsample_cfg takes downsample_scale here, got {other}')
    return dict(
        in_channels=in_channels,
        out_channels=_OUT_CHANNELS,
        temporal_rates=tuple(cfg['temporal_modulation_cfg']['downsample_scales']),
        information_flow=cfg.get('flow_type', 'cascade'),
        mid_channels=mid_channels,
        fusion_channels=fusion['out_channels'],
        aux_head=_translate_aux_head(cfg.get('aux_head_cfg'), len(in_channels) - 1),
        init_cfg=cfg.get('init_cfg'),
    )


def _require(name: str, part: dict[str, Any], **expected: Any) -> None:
    for key, value in expected.items():
        came = part.get(key, value)
        came = tuple(came) if isinstance(came, list) else came
        if came != value:
            raise ValueError(
                f'{name}.{key} must be {value} to be read by TemporalPyramidNeck, got '
                f'{came}'
            )


def _translate_aux_head(cfg: dict[str, Any] | None, num_heads: int) -> dict | None:
    """MMAction2 has one auxiliary head, on the level below the top."""
    if cfg is None:
        return None
    weights = [0.0] * (num_heads - 1) + [cfg.get('loss_weight', 0.5)]
    aux_head = dict(num_classes=cfg['out_channels'], loss_weights=weights)
    if 'loss_cls' in cfg:
        aux_head['loss_cls'] = cfg['loss_cls']
    return aux_head


# In MMAction2 level_fusion_1 serves the top-down pyramid, level_fusion_2 the bottom-up
# one; here they are counted in the same order.
_KEYS = [
    (r'spatial_modulation\.spatial_modulation\.', 'spatial_modulation.levels.'),
    (r'temporal_modulation_ops\.(\d+)\.conv\.conv\.', r'temporal_modulation.\1.conv.'),
    (r'downsample_ops\.(\d+)\.conv\.conv\.', r'information_flow.bottom_up.convs.\1.'),
    (r'level_fusion_1\.downsamples\.(\d+)\.conv\.', r'level_fusions.0.levels.\1.'),
    (r'level_fusion_2\.downsamples\.(\d+)\.conv\.', r'level_fusions.1.levels.\1.'),
    (r'level_fusion_1\.fusion_conv\.', 'level_fusions.0.mix.'),
    (r'level_fusion_2\.fusion_conv\.', 'level_fusions.1.mix.'),
    (r'pyramid_fusion\.(conv|bn)\.', r'pyramid_fusion.mix.\1.'),
]


def rename_mmaction2_keys(
    neck: Any, state_dict: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    """Rename the keys of MMAction2's ``TPN`` in a state dict that is being loaded.

    A hook for ``register_load_state_dict_pre_hook``; keys of this package stay.
    """
    # The one auxiliary head of MMAction2 reads the level below the top.
    level = len(neck.in_channels) - 1
    rules = [*_KEYS, (r'aux_head\.', f'aux_heads.{level}.')]
    for key in [key for key in state_dict if key.startswith(prefix)]:
        name = key[len(prefix) :]
        for pattern, replacement in rules:
            renamed, count = re.subn(f'^{pattern}', replacement, name)
            if count:
                state_dict[prefix + renamed] = state_dict.pop(key)
                break
