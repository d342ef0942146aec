"""Checkpoints of MMAction2 1.x and 0.x, and of this package.

Source: open-mmlab/mmaction2, ``mmaction/models``: ``recognizers/base.py`` names the
parts ``backbone``, ``neck`` and ``cls_head``; ``backbones/resnet.py`` names layers as
MMCV's ``ConvModule`` does (``layer1.0.conv1.conv.weight``, ``layer1.0.conv1.bn.bias``);
``backbones/resnet_tsm.py`` adds ``.net`` where it shifts; ``necks/tpn.py`` names the
pyramid: ``level_fusion_1`` serves the top-down direction, ``level_fusion_2`` the
bottom-up one. ``heads/tpn_head.py`` leaves a copy of its classifier, ``new_cls``, in
checkpoints that were written after dense testing.
"""

from .source_format import Rule, SourceFormat
from .temporal_shift import shifts_as_named

STALE_CLASSIFIER = Rule(
    r'cls_head\.new_cls\.', None, 'a copy of the classifier that dense testing made'
)

MMACTION2 = SourceFormat(
    name='mmaction2',
    what='MMAction2 (TPN, TSN, TSM, …) and this package',
    example='backbone.layer1.0.conv1.conv.weight',
    sign=r'(\w*backbone|neck|cls_head)\.',
    rules=(STALE_CLASSIFIER,),
    find_differences=shifts_as_named,
)
