"""A config's model with its batches, whose steps can be measured.

A step is what MMEngine's runner does with a batch that is on the device already: the
data preprocessor and the model, in training also the loss, the backward pass and the
config's own optimiser with its gradient clipping.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, build_optim_wrapper

from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.errors import PluginError

from .made_video import MadeVideo
from .pipelines import Pipeline, Sample
from .settings import AMP, Settings

Step = Callable[[], object]


class Candidate:
    """A config that is measured.

    Args:
        name: What the reader calls it.
        config: The whole config.
        settings: What is measured.
        video: What its pipelines read.

    Raises:
        PluginError: It is no config of a recogniser, or its pipelines cannot be run.
        MissingDependencyError: It needs what is not installed.

    Attributes:
        model: The model with random weights.
        samples: What a pipeline makes of a video, by its split.
        batches: Videos in a batch, by split.
    """

    def __init__(
        self, name: str, config: Config, settings: Settings, video: MadeVideo
    ) -> None:
        self.name = name
        self.config = config
        self.settings = settings
        torch.manual_seed(0)
        self.model = build_model(config)
        parts = set(settings.parts)
        splits = ['test'] if parts & {'size', 'test', 'data'} else []
        splits += ['train'] if parts & {'train', 'data'} else []
        self.pipelines = {split: Pipeline(config, split, video) for split in splits}
        self.samples = {
            split: pipeline.run() for split, pipeline in self.pipelines.items()
        }
        self.batches = {
            split: settings.batch or config[f'{split}_dataloader'].get('batch_size', 1)
            for split in splits
        }
        self.optimiser: OptimWrapper | None = None
        self._made: dict[str, dict[str, Any]] = {}
        self._compiled = False

    def measured_sample(self, split: str) -> Sample:
        """The sample of which batches are made."""
        sample = self.samples[split]
        whole = split == 'train' or self.settings.views == 'all'
        return sample if whole else sample.one_view()

    def test_step(self) -> Step:
        """A step of testing, with the model ready for it."""
        model, batch = self._ready('test').eval(), self._batch('test')
        if self.settings.views == 'one' and getattr(model, 'test_cfg', None):
            # It divides the views of one video, and forbids several videos.
            model.test_cfg = copy.deepcopy(model.test_cfg)
            model.test_cfg.pop('max_testing_views', None)

        def step() -> object:
            with torch.no_grad(), self._precision():
                data = model.data_preprocessor(batch, training=False)
                return model(**data, mode='predict')

        return step

    def train_step(self) -> Step:
        """A step of training, with model and optimiser ready for it.

        Raises:
            PluginError: The config has no optimiser.
        """
        model, batch = self._ready('train').train(), self._batch('train')
        optimiser = self.optimiser = self.optimiser or self._optimiser()

        def step() -> object:
            with self._precision():
                data = model.data_preprocessor(batch, training=True)
                losses = model(**data, mode='loss')
                loss, _ = model.parse_losses(losses)
            return optimiser.update_params(loss)

        return step

    def load_step(self, split: str) -> Step:
        """Loading a video of a split."""
        return self.pipelines[split].run

    def held_bytes(self, split: str) -> int:
        """Memory of weights, batch and optimiser, which a step finds there."""
        tensors = [*self.model.parameters(), *self.model.buffers()]
        if self.optimiser is not None and split == 'train':
            states = self.optimiser.optimizer.state.values()
            tensors += [x for state in states for x in state.values()]
        inputs = self._batch(split)['inputs']
        for video in inputs.values() if isinstance(inputs, dict) else [inputs]:
            tensors += video
        return sum(x.nbytes for x in tensors if isinstance(x, torch.Tensor))

    def _ready(self, split: str) -> BaseModel:
        """The model on its device, compiled if asked for."""
        if split not in self.batches:
            raise PluginError(f'{self.config.filename} was not prepared to {split}')
        self.model.to(self.settings.device)
        if self.settings.compiled and not self._compiled:
            # As MMEngine's runner does it.
            self.model.forward = torch.compile(self.model.forward)
            self._compiled = True
        return self.model

    def _batch(self, split: str) -> dict[str, Any]:
        if split not in self._made:
            sample = self.measured_sample(split)
            videos = [sample.noise(seed) for seed in range(self.batches[split])]
            batch = self.model.data_preprocessor.cast_data(pseudo_collate(videos))
            self._made[split] = batch
        return self._made[split]

    def _precision(self) -> torch.autocast:
        amp = self.settings.amp
        return torch.autocast(
            self.settings.device, dtype=AMP[amp] if amp else None, enabled=bool(amp)
        )

    def _optimiser(self) -> OptimWrapper:
        options = copy.deepcopy(self.config.get('optim_wrapper'))
        if not options:
            raise PluginError(f'{self.config.filename} has no optim_wrapper')
        scaled = self.settings.amp == 'fp16' and self.settings.device == 'cuda'
        options['type'] = 'AmpOptimWrapper' if scaled else 'OptimWrapper'
        for key in ('loss_scale', 'dtype', 'use_fsdp'):
            options.pop(key, None)
        optimiser = build_optim_wrapper(self.model, options)
        for group in optimiser.optimizer.param_groups:
            # Weights that stay as they are make every step the same.
            group['lr'] = 0.0
        return optimiser
