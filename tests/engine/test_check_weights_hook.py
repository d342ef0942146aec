"""Checkpoints that leave weights as they were drawn."""

import pytest
import torch
from two_layers import TwoLayers, make_runner

from tpn_tsn_plugin.engine import CheckWeightsHook
from tpn_tsn_plugin.errors import CheckpointError


@pytest.fixture
def run(tmp_path):
    """Train or test with a checkpoint of other weights."""

    def start(phase, weights):
        path = tmp_path / 'given.pth'
        torch.save(dict(state_dict=weights, meta={}), path)
        runner = make_runner(tmp_path, phase, load_from=str(path))
        getattr(runner, phase)()
        return runner

    return start


def weights(**changes):
    kept = TwoLayers().state_dict() | changes
    return {name: value for name, value in kept.items() if value is not None}


@pytest.mark.parametrize('phase', ['train', 'test'])
@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_all_weights(run, phase, prefix):
    given = weights()
    runner = run(phase, {prefix + name: value for name, value in given.items()})
    assert any(isinstance(hook, CheckWeightsHook) for hook in runner.hooks)
    if phase == 'test':
        assert torch.equal(runner.model.fc_cls.weight, given['fc_cls.weight'])


def test_what_nothing_depends_on_may_be_missing_or_more(run):
    run(
        'test',
        weights(**{'norm.num_batches_tracked': None, 'aux.weight': torch.ones(1)}),
    )


@pytest.mark.parametrize(
    'fault', [None, torch.ones(5, 2)], ids=['missing', 'of another shape']
)
def test_testing_needs_all_weights(run, fault):
    given = weights(**{'fc_cls.weight': fault})
    with pytest.raises(
        CheckpointError, match=r'given\.pth has 5 of 6 .*not fc_cls\.wei'
    ):
        run('test', given)


@pytest.mark.parametrize(
    'fault', [None, torch.ones(5, 2)], ids=['missing', 'of another shape']
)
def test_training_may_start_from_some(run, fault):
    run('train', weights(**{'fc_cls.weight': fault}))


def test_training_does_not_start_from_another_model(run):
    given = {f'other.{name}': value for name, value in weights().items()}
    message = r'given\.pth has 0 of 6 weights of the model, not norm\.weight, .*…; give'
    with pytest.raises(CheckpointError, match=message):
        run('train', given)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A checkpoint that training wrote."""
    folder = tmp_path_factory.mktemp('whole')
    make_runner(folder, 'train').train()
    return torch.load(folder / 'epoch_1.pth', weights_only=False)


@pytest.mark.parametrize('phase', ['train', 'test'])
@pytest.mark.parametrize(
    'content',
    [
        [1, 2],
        5,
        {},
        dict(state_dict=[1]),
        dict(state_dict=3),
        dict(state_dict=None),
        dict(state_dict=dict.fromkeys(weights(), 'x')),
        dict(state_dict=dict(enumerate(weights().values()))),
    ],
)
def test_no_checkpoint_at_all(tmp_path, phase, content):
    path = tmp_path / 'given.pth'
    torch.save(content, path)
    message = r'given\.pth holds no weights; expected a state_dict'
    with pytest.raises(CheckpointError, match=message):
        getattr(make_runner(tmp_path, phase, load_from=str(path)), phase)()


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (dict(state_dict=weights() | {7: torch.ones(2)}), r'loaded \('),
        (dict(meta=None), "it has no 'meta'"),
        (dict(meta=[1]), 'TypeError'),
        (dict(meta=dict(epoch='y', iter='x')), "its epoch is 'y'"),
        (dict(meta=dict(epoch=1, iter=-1)), 'its iter is -1'),
        (dict(meta=dict(epoch=1, iter=1, seed='x')), 'TypeError'),
        (dict(message_hub=3), 'AttributeError'),
        (dict(optimizer=dict(state=1)), "it has no 'param_groups'"),
        (dict(param_schedulers=[3]), 'TypeError'),
    ],
)
def test_checkpoint_that_cannot_be_resumed_from(tmp_path, whole, change, reason):
    content = {k: v for k, v in (whole | change).items() if v is not None}
    path = tmp_path / 'given.pth'
    torch.save(content, path)
    runner = make_runner(tmp_path, 'train', load_from=str(path), resume=True)
    with pytest.raises(CheckpointError, match=rf'given\.pth cannot be .*{reason}'):
        runner.train()


def test_the_last_checkpoint_is_named_too(tmp_path):
    """Nothing but the work dir says which file it is."""
    torch.save([1], tmp_path / 'epoch_1.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    with pytest.raises(CheckpointError, match=r'epoch_1\.pth holds no weights'):
        make_runner(tmp_path, 'train', resume=True).train()


def test_no_code_of_a_checkpoint_runs(tmp_path, whole):
    """MMEngine reads the config in it as a program."""
    meta = whole['meta'] | dict(config=f"open({str(tmp_path / 'ran')!r}, 'w')")
    torch.save(whole | dict(meta=meta), tmp_path / 'given.pth')
    path = str(tmp_path / 'given.pth')
    make_runner(tmp_path, 'train', load_from=path, resume=True).train()
    assert not (tmp_path / 'ran').exists()
