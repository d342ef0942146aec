"""What MMAction2's TPN left behind: its defaults, and its keys inside a recogniser."""

import pytest
import torch
from mmaction.models.heads import TPNHead
from mmaction.models.necks.tpn import TPN
from mmengine.runner.checkpoint import load_state_dict
from torch import nn

from tpn_tsn_plugin.models import TemporalPyramidHead, TemporalPyramidNeck
from tpn_tsn_plugin.models.necks.tpn.mmaction2 import rename_mmaction2_keys

MID = 32
CLASSES = 5


def options(**changes):
    cfg = dict(
        in_channels=(32, 64),
        out_channels=MID,
        spatial_modulation_cfg=dict(in_channels=(32, 64), out_channels=64),
        temporal_modulation_cfg=dict(downsample_scales=(2, 2)),
        upsample_cfg=dict(scale_factor=(1, 1, 1)),
        downsample_cfg=dict(downsample_scale=(1, 1, 1)),
        level_fusion_cfg=dict(
            in_channels=(MID, MID),
            mid_channels=(MID, MID),
            out_channels=MID,
            downsample_scales=((1, 1, 1), (1, 1, 1)),
        ),
        aux_head_cfg=dict(out_channels=CLASSES),
    )
    return cfg | changes


def test_defaults_are_those_of_mmaction2():
    theirs, ours = TPN(**options()), TemporalPyramidNeck(**options())
    assert ours.information_flow.name == theirs.flow_type == 'cascade'
    (head,) = ours.aux_heads.values()
    assert head.loss_weight == theirs.aux_head.loss_weight == 0.5
    assert head.dropout.p == theirs.aux_head.dropout.p == 0.5


def test_given_values_come_before_defaults():
    aux_head = dict(out_channels=CLASSES, loss_weight=0.125)
    neck = TemporalPyramidNeck(**options(flow_type='parallel', aux_head_cfg=aux_head))
    assert neck.information_flow.name == 'parallel'
    (head,) = neck.aux_heads.values()
    assert head.loss_weight == 0.125


def test_init_cfg_beside_the_options_of_mmaction2():
    init_cfg = dict(type='Constant', layer='Conv3d', val=0.25)
    neck = TemporalPyramidNeck(**options(init_cfg=init_cfg))
    neck.init_weights()
    assert (neck.temporal_modulation[0].conv.weight == 0.25).all()


class Neighbour(nn.Module):
    """A part whose names look like those that are renamed or dropped elsewhere."""

    def __init__(self):
        super().__init__()
        self.aux_head = nn.Linear(2, 2)
        self.new_cls = nn.Linear(2, 2)
        self.pyramid_fusion = nn.Sequential()
        self.pyramid_fusion.conv = nn.Linear(2, 2)


def recogniser(neck, cls_head):
    """Parts under the names that a recogniser gives them, with neighbours."""
    head_options = dict(num_classes=CLASSES, in_channels=2048)
    return nn.ModuleDict(
        dict(
            neck=neck(**options()),
            cls_head=cls_head(**head_options),
            neck_2=Neighbour(),
            cls_head_2=Neighbour(),
        )
    )


# MMEngine hands the whole checkpoint to every part, PyTorch to each its own keys.
@pytest.mark.parametrize('load', [nn.Module.load_state_dict, load_state_dict])
def test_checkpoint_of_a_recogniser_loads_strictly(load):
    theirs = recogniser(TPN, TPNHead).eval()
    ours = recogniser(TemporalPyramidNeck, TemporalPyramidHead).eval()
    maps = [torch.randn(2, 32, 4, 4, 4), torch.randn(2, 64, 4, 2, 2)]
    with torch.no_grad():
        features, _ = theirs['neck'](maps)
        # Dense testing leaves a second classifier in the checkpoint.
        expected = theirs['cls_head'](features, fcn_test=True)
        state = theirs.state_dict()
        assert 'cls_head.new_cls.weight' in state
        load(ours, state, strict=True)
        scores = ours['cls_head'](ours['neck'](maps)[0])
    torch.testing.assert_close(scores, expected)
    for name in ('neck_2', 'cls_head_2'):
        torch.testing.assert_close(ours[name].state_dict(), theirs[name].state_dict())


@pytest.mark.parametrize('prefix', ['', 'neck.', 'module.neck.'])
def test_keys_are_renamed_under_the_prefix_only(prefix):
    neck = TemporalPyramidNeck(**options())
    outside = {
        'past.aux_head.fc.weight': 1,
        'pyramid.pyramid_fusion.conv.weight': 2,
    }
    state = {f'{prefix}aux_head.fc.weight': 3, **outside}
    rename_mmaction2_keys(neck, state, prefix)
    assert state == {f'{prefix}aux_heads.1.fc.weight': 3, **outside}


def test_only_the_heads_own_second_classifier_is_dropped():
    head = TemporalPyramidHead(CLASSES, 8)
    state = head.state_dict()
    head.load_state_dict(state | {'new_cls.weight': torch.zeros(1)})
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"other\.new_cls\.weight"'):
        head.load_state_dict(state | {'other.new_cls.weight': torch.zeros(1)})


def test_own_keys_stay():
    neck = TemporalPyramidNeck(**options())
    state = neck.state_dict(prefix='neck.')
    renamed = dict(state)
    rename_mmaction2_keys(neck, renamed, 'neck.')
    assert list(renamed) == list(state)
