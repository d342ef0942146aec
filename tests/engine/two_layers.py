"""A network of two layers, and runs of it that take no time."""

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.registry import DATASETS, METRICS


class TwoLayers(BaseModel):
    def __init__(self, classes=3):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.fc_cls = nn.Linear(2, classes)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        loss = self.fc_cls(self.norm(torch.stack(inputs))).square().mean()
        return dict(loss=loss) if mode == 'loss' else [dict(score=loss)]


@DATASETS.register_module()
class TwoSamples(torch.utils.data.Dataset):
    metainfo = dict(classes=('a', 'b'))  # noqa: RUF012

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return dict(inputs=torch.ones(2) * index, data_samples=index)


@METRICS.register_module()
class MeanScore(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [float(sample['score']) for sample in data_samples]

    def compute_metrics(self, results):
        return dict(x=sum(results) / len(results))


LOADER = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(type='TwoSamples'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
PHASES = dict(
    train=dict(
        train_dataloader=LOADER,
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=[dict(type='MultiStepLR', milestones=[1])],
    ),
    test=dict(test_dataloader=LOADER, test_cfg={}, test_evaluator=[]),
)
VALIDATION = dict(
    val_dataloader=LOADER,
    val_cfg=dict(type='ValLoop'),
    val_evaluator=dict(type='MeanScore', prefix=''),
)


def make_runner(work_dir, phase, **options):
    """A run with one phase, ``'train'`` or ``'test'``, and the hook for weights."""
    defaults = dict(
        work_dir=str(work_dir),
        experiment_name=f'{work_dir.name}_{phase}',
        default_hooks=dict(check_weights=dict(type='CheckWeightsHook')),
        default_scope='mmaction',
        randomness=dict(seed=0),
        log_level='ERROR',
    )
    config = Config(defaults | PHASES[phase] | options)
    torch.manual_seed(0)
    return Runner(TwoLayers(), **config)
