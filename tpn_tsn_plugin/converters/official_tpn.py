"""Checkpoints of the TPN paper's code, which is built on MMAction 0.1.

Source: decisionforce/TPN, ``mmaction/models``: ``recognizers/TSN3D.py`` and
``TSN2D.py`` name the parts ``backbone``, ``necks`` and ``cls_head``;
``tenons/backbones/resnet_slow.py`` and ``resnet.py`` name layers as torchvision does;
``tenons/cls_heads/cls_head.py`` names the classifier ``fc_cls``. The keys of
``tenons/necks/tpn.py``, by what they compute:

- ``spatial_modulation.spatial_modulation.I.J.conv`` and ``.bn``: step J of level I,
- ``temporal_modulation_ops.I.conv``: the grouped convolution alone,
- ``downsampling_ops.I.conv``: the bottom-up direction,
- ``level_fusion_op2``: fusion of the pyramid after the **top-down** direction, which
  MMAction2 calls ``level_fusion_1``; ``level_fusion_op`` fuses the other pyramid,
- in both ``ops.I.conv`` and ``.norm`` of each level, ``fusion_conv.0`` and ``.1`` for
  all; ``pyramid_fusion_op.0`` and ``.1`` likewise,
- ``aux_head.convs.conv`` and ``.bn`` (``aux_head.convs.0.…`` in an earlier revision),
  ``aux_head.fc``.

Two things are computed in another way than names and paper say. The list that keeps the
levels for the bottom-up direction is the one that the top-down direction changes, so
that the information flow is a cascade. And the 2D backbone (``Bottleneck.forward``,
``tsm_position='inplace'``, the default that all configs use) shifts what the shortcuts'
convolutions see, which neither TSM's code nor MMAction2's ``ResNetTSM`` does, but
``ShiftedShortcutTSM``.
"""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from .mmaction2 import STALE_CLASSIFIER
from .pyramids import pyramid_of
from .source_format import Rule, SourceFormat
from .temporal_shift import shift_differences

SHIFTING = (
    'the backbone ShiftedShortcutTSM computes what the official code does: '
    'configs/tpn/tpn-tsm-official*'
)
_FIRST_KERNEL = 'backbone.conv1.weight'
_SHIFTED = re.compile(r'backbone\.(layer\d+\.(?:\d+\.conv1|0\.downsample\.0)\.weight)$')


def find_differences(source: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    """Compare the information flow and, for a 2D backbone, the temporal shift."""
    found = []
    pyramid = pyramid_of(model)
    if pyramid is not None and pyramid.information_flow != 'cascade':
        found.append(
            "the official code computes information_flow='cascade' (what it calls "
            f'parallel is one in effect), the model {pyramid.information_flow!r}'
        )
    kernel = source.get(_FIRST_KERNEL)
    if kernel is not None and kernel.ndim == 4:
        matches = (_SHIFTED.match(name) for name in source)
        shifts = shift_differences({m[1] for m in matches if m}, model)
        found += [f'{sentence} ({SHIFTING})' for sentence in shifts]
    return found


OFFICIAL_TPN = SourceFormat(
    name='official-tpn',
    what="the TPN paper's code, github.com/decisionforce/TPN (MMAction 0.1)",
    example='necks.level_fusion_op.ops.0.conv.weight',
    sign=r'necks\.',
    rules=(
        STALE_CLASSIFIER,
        Rule(r'necks\.(temporal_modulation_ops\.\d+)\.conv\.', r'neck.\1.conv.conv.'),
        Rule(r'necks\.downsampling_ops\.(\d+)\.', r'neck.downsample_ops.\1.conv.'),
        # The two change places: each is named after the other's number.
        Rule(
            r'necks\.level_fusion_op2\.ops\.(\d+)\.conv\.',
            r'neck.level_fusion_1.downsamples.\1.conv.conv.',
        ),
        Rule(
            r'necks\.level_fusion_op2\.ops\.(\d+)\.norm\.',
            r'neck.level_fusion_1.downsamples.\1.conv.bn.',
        ),
        Rule(
            r'necks\.level_fusion_op2\.fusion_conv\.0\.',
            'neck.level_fusion_1.fusion_conv.conv.',
        ),
        Rule(
            r'necks\.level_fusion_op2\.fusion_conv\.1\.',
            'neck.level_fusion_1.fusion_conv.bn.',
        ),
        Rule(
            r'necks\.level_fusion_op\.ops\.(\d+)\.conv\.',
            r'neck.level_fusion_2.downsamples.\1.conv.conv.',
        ),
        Rule(
            r'necks\.level_fusion_op\.ops\.(\d+)\.norm\.',
            r'neck.level_fusion_2.downsamples.\1.conv.bn.',
        ),
        Rule(
            r'necks\.level_fusion_op\.fusion_conv\.0\.',
            'neck.level_fusion_2.fusion_conv.conv.',
        ),
        Rule(
            r'necks\.level_fusion_op\.fusion_conv\.1\.',
            'neck.level_fusion_2.fusion_conv.bn.',
        ),
        Rule(r'necks\.pyramid_fusion_op\.0\.', 'neck.pyramid_fusion.conv.'),
        Rule(r'necks\.pyramid_fusion_op\.1\.', 'neck.pyramid_fusion.bn.'),
        Rule(r'necks\.aux_head\.convs\.(?:0\.)?', 'neck.aux_head.conv.'),
        Rule(r'necks\.', 'neck.'),
    ),
    find_differences=find_differences,
)
