"""Partial batch normalisation: only the first normalisation goes on learning."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmengine.utils.dl_utils.parrots_wrapper import _InstanceNorm
from torch import nn

from tpn_tsn_plugin.engine.hooks.model_parts import model_of, part_of
from tpn_tsn_plugin.registry import HOOKS


@HOOKS.register_module()
class PartialBNHook(Hook):
    """Freeze mean and variance of every batch normalisation but a backbone's first.

    A small data set gives no good statistics, but the first layer's input (optical
    flow) is not what its statistics come from. Works for every kind of batch
    normalisation, synchronised or not, and under data parallelism. Leave off
    ``norm_eval`` and ``frozen_stages`` of the backbone, which freeze the first one too.
    Source: Temporal Segment Networks (ECCV 2016), section 3.2, "Regularization
    Techniques".

    Args:
        freeze_affine: Freeze weights and biases of these normalisations as well. They
            leave the optimiser before anything is resumed, so that a run with this
            option resumes from checkpoints of runs with it.
        module: Names of the model's parts to freeze, each of which keeps its own first
            normalisation; ``''`` is the whole model. Default: all backbones (parts
            whose names end in ``backbone``), or the whole model where it has none. A
            neck and a head are new and have no statistics worth keeping.

    Raises:
        ValueError: Before training: the model has no such part, or one without batch
            normalisation.
    """

    def __init__(
        self,
        *,
        freeze_affine: bool = False,
        module: str | Sequence[str] | None = None,
    ) -> None:
        self.freeze_affine = freeze_affine
        self.module = [module] if isinstance(module, str) else module
        self._frozen: list[nn.Module] = []

    def before_run(self, runner: Runner) -> None:
        """Take frozen weights out of the optimiser, before its state is resumed."""
        # Validation and testing have no optimiser, and nothing to freeze.
        if not isinstance(runner.optim_wrapper, OptimWrapper | OptimWrapperDict):
            return
        learning = self._find_norms(runner)
        if self.freeze_affine:
            _withdraw(self._affine(), runner.optim_wrapper)
        runner.logger.info(
            f'PartialBNHook: {len(self._frozen)} batch normalisations are frozen '
            f'({"with" if self.freeze_affine else "without"} their weights), all but '
            f'{", ".join(learning)}'
        )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Freeze anew: loops switch the whole model's mode after all earlier hooks."""
        for norm in self._frozen:
            norm.eval()
        if self.freeze_affine:
            # Gradients are still computed, because data parallelism waits for them;
            # without the optimiser nobody else would clear them.
            for parameter in self._affine():
                parameter.grad = None

    def _find_norms(self, runner: Runner) -> list[str]:
        """Remember the normalisations to freeze and name those that go on learning."""
        model = model_of(runner)
        learning, self._frozen = [], []
        for part in self.module if self.module is not None else find_backbones(model):
            modules = part_of(model, part).named_modules(prefix=part)
            norms = {name: m for name, m in modules if _is_batch_norm(m)}
            if not norms:
                raise ValueError(
                    f'module={part!r} of {type(model).__name__} has no batch '
                    'normalisation; remove PartialBNHook or name another part'
                )
            first, *others = norms
            learning.append(first)
            self._frozen += [norms[name] for name in others]
        return learning

    def _affine(self) -> Iterator[nn.Parameter]:
        for norm in self._frozen:
            yield from norm.parameters(recurse=False)


def find_backbones(model: nn.Module) -> list[str]:
    """Name a model's backbones; ``''``, the whole model, where it has none."""
    names = [name for name, _ in model.named_children() if name.endswith('backbone')]
    return names or ['']


def _is_batch_norm(module: nn.Module) -> bool:
    # By what it has, because MMCV's synchronised one is not derived from torch's.
    return hasattr(module, 'running_mean') and not isinstance(module, _InstanceNorm)


def _withdraw(
    parameters: Iterator[nn.Parameter], wrapper: OptimWrapper | OptimWrapperDict
) -> None:
    """Take parameters out of an optimiser, which neither updates nor decays them then.

    Groups stay, even empty ones: schedulers count them.
    """
    frozen = {id(parameter) for parameter in parameters}
    wrappers = (
        [part for _, part in wrapper.items()]
        if isinstance(wrapper, OptimWrapperDict)
        else [wrapper]
    )
    for part in wrappers:
        for group in part.optimizer.param_groups:
            group['params'] = [p for p in group['params'] if id(p) not in frozen]
