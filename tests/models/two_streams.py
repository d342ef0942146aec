"""Small two-stream networks and their inputs."""

import torch
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.registry import MODELS

CLASSES, FIELDS = 4, 5
# Of the stages of ResNet-18.
WIDTHS = (64, 128, 256, 512)
CHANNELS = WIDTHS[-1]


def backbone(in_channels=3, name='ResNet', **options):
    defaults = dict(depth=18, pretrained=None, norm_eval=False)
    return dict(type=name, in_channels=in_channels, **defaults | options)


def head(name='TwoStreamFusionHead', **options):
    defaults = dict(num_classes=CLASSES, in_channels=CHANNELS, dropout_ratio=0.0)
    return dict(type=name, **defaults | options)


def build(*fusions, seed=0, **options):
    """A recogniser with stream fusions; both heads where none cuts a stream."""
    torch.manual_seed(seed)
    config = dict(
        type='TwoStreamRecognizer',
        spatial_backbone=backbone(),
        temporal_backbone=backbone(2 * FIELDS),
        cls_head=head(),
        stream_fusion=list(fusions),
    )
    if all(fusion.get('keep') for fusion in fusions):
        config['temporal_head'] = head()
    return MODELS.build(config | options)


def inputs(videos=2, frames=3, size=32, seed=0):
    torch.manual_seed(seed)
    return dict(
        imgs=torch.randn(videos, frames, 3, size, size),
        flow_imgs=torch.randn(videos, frames, 2 * FIELDS, size, size),
    )


def volumes(videos=2, views=1, length=4, size=32):
    torch.manual_seed(0)
    return dict(
        imgs=torch.randn(videos, views, 3, length, size, size),
        flow_imgs=torch.randn(videos, views, 2, length, size, size),
    )


def samples(videos=2, **meta):
    found = []
    for video in range(videos):
        sample = ActionDataSample(metainfo=meta)
        found.append(sample.set_gt_label(video % CLASSES))
    return found


def scores(model, batch, **meta):
    with torch.no_grad():
        found = model(batch, samples(len(batch['imgs']), **meta), mode='predict')
    return torch.stack([sample.pred_score for sample in found])
