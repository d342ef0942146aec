"""A config's steps: real ones, that leave the model as it is."""

import contextlib
import sys

import pytest
import torch
from small_configs import tsn, video

from tpn_tsn_plugin.analysis.benchmark.candidate import Candidate
from tpn_tsn_plugin.analysis.benchmark.settings import Settings
from tpn_tsn_plugin.errors import MissingDependencyError, PluginError


@pytest.fixture
def candidate(tmp_path):
    def make(config=None, **settings):
        return Candidate('tsn', config or tsn(), Settings(**settings), video(tmp_path))

    return make


def test_splits_have_the_configs_batches_and_shapes(candidate):
    tested = candidate()
    assert tested.batches == dict(test=1, train=2)
    assert {k: s.shape for k, s in tested.samples.items()} == dict(
        test='2×3×24×24', train='3×3×16×16'
    )
    assert candidate(batch=5).batches == dict(test=5, train=5)
    assert candidate(parts=('test',)).batches == dict(test=1)


@pytest.mark.parametrize(('views', 'frames'), [('one', 2), ('all', 6)])
def test_test_step_predicts(views, frames, candidate):
    tested = candidate(views=views)
    seen = []
    tested.model.backbone.register_forward_pre_hook(
        lambda _, x: seen.append(x[0].shape)
    )
    (predicted,) = tested.test_step()()
    assert predicted.pred_score.shape == (4,)
    assert seen == [(frames, 3, 24, 24)]
    assert not tested.model.training
    assert not predicted.pred_score.requires_grad


def test_training_step_learns_but_changes_no_weight(candidate):
    tested = candidate()
    before = {k: v.clone() for k, v in tested.model.named_parameters()}
    step = tested.train_step()
    step()
    step()
    assert tested.model.training
    for name, parameter in tested.model.named_parameters():
        assert torch.equal(parameter, before[name])
        # no gradient is left over
        assert parameter.grad is None
    state = tested.optimiser.optimizer.state
    momentum = [x['momentum_buffer'] for x in state.values()]
    assert len(momentum) == len(before)
    assert all(x.abs().sum() > 0 for x in momentum)
    assert tested.optimiser.clip_grad_kwargs == dict(max_norm=1)
    # switching between the two kinds of steps keeps the optimiser
    tested.test_step()()
    tested.train_step()
    assert tested.optimiser.optimizer.state is state


def test_held_memory(candidate):
    tested = candidate()
    model = tested.model
    weights = sum(
        x.nbytes
        for x in [*model.state_dict().values(), *model.data_preprocessor.buffers()]
    )
    one_view = 2 * 3 * 24 * 24
    assert tested.held_bytes('test') == weights + one_view
    tested.train_step()()
    parameters = sum(x.nbytes for x in model.parameters())
    clip = 3 * 3 * 16 * 16
    assert tested.held_bytes('train') == weights + parameters + 2 * clip


def test_mixed_precision(candidate):
    head = dict(_delete_=True, type='SegmentConsensusHead', num_classes=4)
    config = tsn(model=dict(cls_head=dict(head, in_channels=64)))
    tested = candidate(config, amp='bf16')
    seen = []
    tested.model.cls_head.fc_cls.register_forward_hook(
        lambda *args: seen.append(args[-1].dtype)
    )
    tested.test_step()()
    tested.train_step()()
    assert seen == [torch.bfloat16] * 2
    assert {p.dtype for p in tested.model.parameters()} == {torch.float32}


def test_model_is_compiled_once(candidate, monkeypatch):
    compiled = []
    monkeypatch.setattr('torch.compile', lambda f: compiled.append(f) or f)
    tested = candidate(compiled=True)
    tested.test_step()()
    tested.train_step()()
    assert len(compiled) == 1


def test_one_view_is_not_divided(candidate):
    """MMAction2's Recognizer2D fails with any ``max_testing_views``."""
    config = tsn(model=dict(test_cfg=dict(max_testing_views=2)))
    assert candidate(config).test_step()()
    with pytest.raises(AttributeError):
        candidate(config, views='all').test_step()()


def test_configs_own_amp_is_for_its_own_training(candidate):
    amp = dict(type='AmpOptimWrapper', loss_scale='dynamic', dtype='float16')
    candidate(tsn(optim_wrapper=amp)).train_step()()


@pytest.mark.parametrize(
    ('change', 'error', 'message'),
    [
        (lambda c: c.pop('model'), PluginError, 'tsn.py has no model; give the config'),
        (
            lambda c: c.update(custom_imports=dict(imports=['nowhere.at_all'])),
            MissingDependencyError,
            'custom_imports of tsn.py fail: .*nowhere',
        ),
        (
            lambda c: c.model.backbone.update(type='mmpretrain.ResNet'),
            MissingDependencyError,
            'the model of tsn.py needs what is not installed: .*mmpretrain',
        ),
        (
            lambda c: c.model.backbone.update(depth=19),
            PluginError,
            'the model of tsn.py cannot be built .*depth 19',
        ),
    ],
)
def test_config_of_no_use_is_one_line(change, error, message, candidate):
    config = tsn()
    change(config)
    with pytest.raises(error, match=message):
        candidate(config)


def test_own_modules_are_imported(candidate, tmp_path, monkeypatch):
    (tmp_path / 'own_part_of_a_config.py').write_text('imported = True')
    monkeypatch.syspath_prepend(tmp_path)
    name = 'own_part_of_a_config'
    candidate(tsn(custom_imports=dict(imports=[name])))
    assert sys.modules.pop(name).imported


def test_training_without_optimiser(candidate):
    tested = candidate(tsn(optim_wrapper=None))
    with pytest.raises(PluginError, match=r'tsn\.py has no optim_wrapper'):
        tested.train_step()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(runs=0), 'runs must be a whole number from 1 on, got 0'),
        (dict(warmup=0), 'warmup must be'),
        (dict(batch=0), 'batch must be'),
        (dict(amp='fp8'), r"amp must be one of \[None, 'bf16', 'fp16'\], got 'fp8'"),
        (dict(views='two'), 'views must be one of'),
        (dict(device='tpu'), 'device must be one of'),
        (dict(parts=('size', 'x')), 'parts must be one of'),
    ],
)
def test_settings_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)


def test_gpu():
    with contextlib.ExitStack() as stack:
        if not torch.cuda.is_available():
            stack.enter_context(pytest.raises(PluginError, match='finds no GPU'))
        Settings(device='cuda')
