"""Checkpoints of tsn-pytorch and of TSM's own code, which grew from it.

Source: yjxiong/tsn-pytorch, ``models.py`` (class ``TSN``): ``base_model`` is a
torchvision ResNet or the authors' BN-Inception, whose last layer gives way to dropout;
``new_fc`` is the classifier. Without dropout the last layer itself, ``fc``, is the new
classifier. The consensus has no weights. ``main.py`` saves under data parallelism,
hence ``module.`` before each key. mit-han-lab/temporal-shift-module, ``ops/models.py``
and ``ops/temporal_shift.py``: the same with ``.net`` where features are shifted.
BN-Inception with shifts is no other in its names, and no model here computes it.
"""

from .source_format import Rule, SourceFormat
from .temporal_shift import shifts_as_named

TSN_PYTORCH = SourceFormat(
    name='tsn-pytorch',
    what='yjxiong/tsn-pytorch and mit-han-lab/temporal-shift-module',
    example='module.base_model.layer1.0.conv1.weight',
    sign=r'(base_model|new_fc)\.',
    rules=(
        Rule(r'base_model\.fc\.', 'cls_head.fc_cls.'),
        Rule(r'base_model\.', 'backbone.'),
        Rule(r'new_fc\.', 'cls_head.fc_cls.'),
    ),
    find_differences=shifts_as_named,
)
