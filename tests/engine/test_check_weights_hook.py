"""Checkpoints that leave weights as they were drawn."""

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.engine import CheckWeightsHook
from tpn_tsn_plugin.errors import CheckpointError


class TwoLayers(BaseModel):
    def __init__(self, classes=3):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.fc_cls = nn.Linear(2, classes)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        loss = self.fc_cls(self.norm(torch.stack(inputs))).square().mean()
        return dict(loss=loss) if mode == 'loss' else [dict(score=loss)]


class Nothing(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return dict(inputs=torch.ones(2) * index, data_samples=index)


@pytest.fixture
def run(tmp_path):
    """Train or test with a checkpoint of other weights."""

    def start(phase, weights):
        path = tmp_path / 'given.pth'
        torch.save(dict(state_dict=weights, meta={}), path)
        loader = dict(
            batch_size=2,
            num_workers=0,
            dataset=Nothing(),
            sampler=dict(type='DefaultSampler', shuffle=False),
        )
        config = Config(
            dict(
                work_dir=str(tmp_path),
                load_from=str(path),
                experiment_name=f'{tmp_path.name}_{phase}',
                default_hooks=dict(check_weights=dict(type='CheckWeightsHook')),
                default_scope='mmaction',
                log_level='ERROR',
            )
        )
        trains = dict(
            train_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        )
        tests = dict(test_dataloader=loader, test_cfg={}, test_evaluator=[])
        runner = Runner(
            TwoLayers(), **config, **(trains if phase == 'train' else tests)
        )
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
