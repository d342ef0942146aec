"""A user's MMAction2 TPN config and checkpoint, with nothing changed but the types."""

import logging
from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint, save_checkpoint

from tpn_tsn_plugin.registry import MODELS

SHIPPED = Path(mmaction.__file__).parent / '.mim/configs/recognition/tpn'
SLOWONLY = 'tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
SCRATCH = 'tpn-slowonly_r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
TSM = 'tpn-tsm_imagenet-pretrained-r50_8xb8-1x1x8-150e_sthv1-rgb.py'
# One video of so many views, as the model takes it.
VIEWS = {
    SLOWONLY: lambda views: torch.rand(1, views, 3, 8, 64, 64),
    TSM: lambda views: torch.rand(1, views * 8, 3, 64, 64),
}
LABEL = 7


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def build(path):
    config = Config.fromfile(path)
    config.model.backbone.pretrained = None
    return MODELS.build(config.model)


def users_config(folder, shipped, recognizer=None):
    """What a user writes: the import and the types."""
    recognizer = f'type={recognizer!r}, ' if recognizer else ''
    path = folder / 'mine.py'
    path.write_text(
        f'_base_ = {str(SHIPPED / shipped)!r}\n'
        "custom_imports = dict(imports=['tpn_tsn_plugin'])\n"
        f"model = dict({recognizer}neck=dict(type='TemporalPyramidNeck'), "
        "cls_head=dict(type='TemporalPyramidHead'))\n"
    )
    return path


@pytest.fixture(scope='module', params=[SLOWONLY, TSM], ids=['slowonly', 'tsm'])
def theirs(request, tmp_path_factory):
    """MMAction2's model after some training and a dense test, and its checkpoint."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = build(SHIPPED / request.param)
    path = tmp_path_factory.mktemp('checkpoint') / 'mmaction2.pth'
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        # its dense classifier goes to the machine's device, wherever the model is
        patch.setattr('mmaction.models.heads.tpn_head.get_device', lambda: 'cpu')
        train_forward(model, VIEWS[request.param])
        predict(model, VIEWS[request.param](1), fcn_test=True)
    save_checkpoint({'meta': {}, 'state_dict': model.state_dict()}, str(path))
    return request.param, model, path


def train_forward(model, make_views):
    """Losses of two videos; running statistics move as in training."""
    samples = [ActionDataSample().set_gt_label(LABEL) for _ in range(2)]
    torch.manual_seed(1)
    videos = torch.cat([make_views(1), make_views(1)])
    return model.train()(videos, samples, mode='loss')


def predict(model, views, fcn_test):
    """Mean of the views' scores; probabilities would hide small differences."""
    model.test_cfg = dict(fcn_test=fcn_test)
    model.cls_head.average_clips = 'score'
    sample = ActionDataSample().set_gt_label(LABEL)
    (result,) = model.eval()(views, [sample], mode='predict')
    return result.pred_score


def assert_same(ours, theirs):
    """Equal to 1e-5 of the largest value, which is not nothing."""
    largest = theirs.abs().max().item()
    assert largest > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5 * largest)


RECOGNIZERS = {SLOWONLY: [None], TSM: [None, 'PyramidRecognizer2D']}


@torch.no_grad()
def test_checkpoint_gives_the_same_model(theirs, tmp_path, caplog):
    shipped, their_model, checkpoint = theirs
    before = {name: x.clone() for name, x in their_model.state_dict().items()}
    assert 'cls_head.new_cls.weight' in before
    for recognizer in RECOGNIZERS[shipped]:
        their_model.load_state_dict(before)
        ours = build(users_config(tmp_path, shipped, recognizer))
        with caplog.at_level(logging.INFO, logger='drop_in'):
            load_checkpoint(
                ours, str(checkpoint), 'cpu', logger=logging.getLogger('drop_in')
            )
        said = ' '.join(caplog.messages)
        assert 'Loads checkpoint' in said
        assert 'unexpected key' not in said
        assert 'missing key' not in said
        assert 'size mismatch' not in said

        make_views = VIEWS[shipped]
        views = make_views(3)
        assert_same(
            predict(ours, views, fcn_test=True),
            predict(their_model, views, fcn_test=True),
        )
        one = make_views(1)
        assert_same(
            predict(ours, one, fcn_test=False),
            predict(their_model, one, fcn_test=False),
        )
        our_losses = train_forward(ours, make_views)
        their_losses = train_forward(their_model, make_views)
        for our_name, name in [('loss_cls', 'loss_cls'), ('loss_aux_1', 'loss_aux')]:
            assert_same(our_losses[our_name], their_losses[name])
        # running statistics of training have moved alike
        assert_same(
            predict(ours, one, fcn_test=False),
            predict(their_model, one, fcn_test=False),
        )


@pytest.mark.parametrize('shipped', [SLOWONLY, SCRATCH, TSM])
def test_shipped_config_builds_with_the_types_changed(shipped, tmp_path):
    with torch.device('meta'):
        ours = build(users_config(tmp_path, shipped))
        theirs = build(SHIPPED / shipped)
    count, expected = (
        sum(p.numel() for p in model.parameters()) for model in (ours, theirs)
    )
    assert count == expected
    assert type(ours.neck).__name__ == 'TemporalPyramidNeck'
    assert type(ours.cls_head).__name__ == 'TemporalPyramidHead'
