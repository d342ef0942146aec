"""A network of two layers, and runs of it that take no time."""

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn


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


def make_runner(work_dir, phase, **options):
    """A run with one phase, ``'train'`` or ``'test'``, and the hook for weights."""
    loader = dict(
        batch_size=2,
        num_workers=0,
        dataset=Nothing(),
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    trains = dict(
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=[dict(type='MultiStepLR', milestones=[1])],
    )
    tests = dict(test_dataloader=loader, test_cfg={}, test_evaluator=[])
    config = Config(
        dict(
            work_dir=str(work_dir),
            experiment_name=f'{work_dir.name}_{phase}',
            default_hooks=dict(check_weights=dict(type='CheckWeightsHook')),
            default_scope='mmaction',
            log_level='ERROR',
            **options,
        )
    )
    return Runner(TwoLayers(), **config, **(trains if phase == 'train' else tests))
