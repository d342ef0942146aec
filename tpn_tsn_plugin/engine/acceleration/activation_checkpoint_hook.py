"""Less memory in training: parts of the model compute again what they do not keep."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.engine.hooks.model_parts import model_of
from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.registry import HOOKS

from .recomputation import KEEPS, recompute

# Residual blocks of all backbones.
BLOCKS = '*backbone.layer*.*'


@HOOKS.register_module()
class ActivationCheckpointHook(Hook):
    """Train in less memory: activations are computed again in the backward pass.

    Unlike ``with_cp`` of MMAction2's backbones, what takes time, convolutions, can be
    kept, and running statistics of batch normalisations count a batch once. Results
    and gradients are the same to the last bit. Synchronised batch normalisation
    communicates once more. MMEngine's own config key ``activation_checkpointing`` does
    what ``keep='nothing'`` does, but counts batches twice.

    Args:
        modules: Names of parts, with ``*``; a part within a part is not treated apart.
            Default: the residual blocks of all backbones.
        keep: What is not computed again: ``'convolutions'``, all of them, so that
            little time is lost; ``'narrow'``: but for those that widen, such as a
            bottleneck's last one; ``'nothing'``.

    Raises:
        ValueError: An option has a value that is not allowed, or, before training, the
            model has no such part.
    """

    def __init__(
        self, *, modules: str | Sequence[str] = BLOCKS, keep: str = 'narrow'
    ) -> None:
        require_one_of('keep', keep, KEEPS)
        self.patterns = [modules] if isinstance(modules, str) else list(modules)
        self.keep = keep

    def before_train(self, runner: Runner) -> None:
        """Treat the parts."""
        model = model_of(runner)
        found = outermost(model, self.patterns)
        for name in found:
            recompute(model.get_submodule(name), self.keep)
        runner.logger.info(
            f'ActivationCheckpointHook: {len(found)} parts keep {self.keep}: '
            f'{", ".join(found)}'
        )


def outermost(model: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Name the parts that match, without parts of these.

    Raises:
        ValueError: A pattern matches none.
    """
    found: list[str] = []
    for pattern in patterns:
        matching = [
            name for name, _ in model.named_modules() if fnmatchcase(name, pattern)
        ]
        if not matching:
            parts = [name for name, _ in model.named_children()]
            raise ValueError(
                f'modules={pattern!r} matches no part of {type(model).__name__}; its '
                f'parts are {parts} and theirs, such as '
                f"'{parts[0]}.*'"
            )
        found += matching
    whole = set(found)
    return [
        name
        for name in dict.fromkeys(found)
        if not any(name.startswith(f'{other}.') for other in whole)
    ]
