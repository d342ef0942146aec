"""A tiny MMEngine training run; imported by tests, and run as a script by torchrun."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset


class ToyModel(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.norm = nn.BatchNorm1d(1)

    def forward(self, x: torch.Tensor, mode: str = 'tensor') -> Any:
        out = self.norm(self.linear(x))
        if mode == 'loss':
            return {'loss': (out**2).mean() + self.linear.weight.sum()}
        return [out]


class ToyData(Dataset):
    # NumPy values, as datasets put them into their metainfo and so into checkpoints.
    metainfo = {  # noqa: RUF012
        'classes': ('a', 'b'),
        'weights': np.array([[1.0, 2.0], [3.0, 4.0]], dtype='>f4').T,
        'names': np.array(['left', 'right']),
        'scale': np.float32(0.5),
    }

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {'x': torch.full((2,), float(index))}


class ToyMetric(BaseMetric):
    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        return {'acc': np.float64(0.5)}


def toy_runner(work_dir: Path, epochs: int = 2, **options: Any) -> Runner:
    """Build a run whose checkpoints hold all that MMEngine writes into them."""
    loader = {
        'dataset': ToyData(),
        'batch_size': 2,
        'sampler': {'type': 'DefaultSampler', 'shuffle': True},
        'collate_fn': {'type': 'default_collate'},
    }
    return Runner(
        model=ToyModel(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg={'by_epoch': True, 'max_epochs': epochs},
        val_cfg={},
        val_evaluator=Evaluator(ToyMetric()),
        optim_wrapper={'optimizer': {'type': 'Adam', 'lr': 0.1}},
        param_scheduler=[
            {'type': 'MultiStepLR', 'milestones': [1]},
            {'type': 'OneCycleLR', 'eta_max': 0.1, 'total_steps': 9},
            {'type': 'ReduceOnPlateauLR', 'monitor': 'acc'},
        ],
        default_hooks={
            'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'save_best': 'acc'}
        },
        custom_hooks=[{'type': 'EMAHook'}],
        randomness={'seed': 0},
        experiment_name=f'toy_{work_dir.name}_{epochs}',
        log_level='ERROR',
        **options,
    )


if __name__ == '__main__':
    import tpn_tsn_plugin  # noqa: F401

    runner = toy_runner(Path(sys.argv[1]), epochs=1, launcher='pytorch')
    runner.train()
    weight = runner.model.module.linear.weight.data.flatten().tolist()
    backend = torch.distributed.get_backend()
    print(f'rank {runner.rank} of {runner.world_size}, {backend}, {weight}')
    torch.distributed.destroy_process_group()
