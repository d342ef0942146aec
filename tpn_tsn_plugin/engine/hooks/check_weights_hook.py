"""A checkpoint that is not the model's is found before it is tested or trained with."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmengine.runner import BaseLoop, Runner, find_latest_checkpoint
from torch import Tensor, nn

from tpn_tsn_plugin.engine.named_checkpoints import name_faulty_checkpoints
from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.weight_transfer import weights_of
from tpn_tsn_plugin.registry import HOOKS

from .model_parts import model_of

NAMES_SHOWN = 3
# Weights of before torch 0.4.1 do not have it, and nothing depends on it.
UNNEEDED = 'num_batches_tracked'


@HOOKS.register_module()
class CheckWeightsHook(Hook):
    """Refuses checkpoints that leave weights of the model as they were drawn.

    MMEngine loads what fits, and has a warning for the rest. The scores of a test are
    then those of random weights. Validation and testing take checkpoints only that have
    all weights of the model; training takes them as a start if any weight fits. Files
    that are no checkpoints, or cannot be resumed from, are named.

    Raises:
        CheckpointError: Weights are missing in a checkpoint, or of another shape, or
            what stands in it is no checkpoint.
    """

    def before_run(self, runner: Runner) -> None:
        """Have faulty checkpoints named, as nothing is loaded before."""
        name_faulty_checkpoints(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Check the weights before MMEngine loads them."""
        model = model_of(runner)
        model = model.module if isinstance(model, BaseTTAModel) else model
        filename = runner._load_from or find_latest_checkpoint(runner.work_dir)
        filename = str(filename or 'the checkpoint')
        left = load_what_fits(model, weights_of(checkpoint, filename))
        needed = [name for name in model.state_dict() if not name.endswith(UNNEEDED)]
        trains = isinstance(runner._train_loop, BaseLoop)
        if len(left) < len(needed) if trains else not left:
            return
        shown = ', '.join(left[:NAMES_SHOWN]) + (', …' if left[NAMES_SHOWN:] else '')
        raise CheckpointError(
            f'{filename} has {len(needed) - len(left)} of '
            f'{len(needed)} weights of the model, not {shown}; give the config that '
            'it was trained with, or bring it over by tpn-tsn convert'
        )


def load_what_fits(model: nn.Module, weights: dict[str, Tensor]) -> list[str]:
    """Load weights into a model.

    Args:
        model: The model; its parts may know their weights by older names.
        weights: Weights by name, with or without data parallelism's ``module.``.

    Returns:
        Names of the model's weights that are missing or of another shape.
    """
    weights = {name.removeprefix('module.'): value for name, value in weights.items()}
    try:
        left = model.load_state_dict(dict(weights), strict=False).missing_keys
    except RuntimeError:
        # Shapes differ.
        left = [
            name
            for name, own in model.state_dict().items()
            if name not in weights or weights[name].shape != own.shape
        ]
    return [name for name in left if not name.endswith(UNNEEDED)]
