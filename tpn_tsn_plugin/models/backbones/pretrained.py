"""Loading a checkpoint into a backbone, completely or not at all."""

from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import nn

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.weight_transfer import (
    describe_misfits,
    empty_places,
    plan_transfer,
    summarise,
    weights_of,
)


def load_pretrained(backbone: nn.Module, checkpoint: str) -> None:
    """Load weights of the same architecture, under whatever names.

    Args:
        backbone: What to load into.
        checkpoint: Path or address of a file with a backbone's or a model's weights.

    Raises:
        CheckpointError: Weights are missing, unknown, or of another shape.
    """
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    transfer = plan_transfer(
        weights_of(loaded, checkpoint),
        backbone.state_dict(),
        allow_unmatched=empty_places(backbone),
    )
    if transfer.misfits:
        raise CheckpointError(
            f'{checkpoint} does not fit {type(backbone).__name__}: '
            f'{describe_misfits(transfer)}; give weights of this architecture, or, '
            'where only the input differs, leave pretrained=None and use '
            'CrossModalityInitHook'
        )
    # Not strict: old files lack the counters of the normalisations.
    backbone.load_state_dict(transfer.weights, strict=False)
    print_log(
        f'{type(backbone).__name__}: {len(transfer.weights)} weights of {checkpoint} '
        f'loaded, left: {summarise(transfer.left) or "none"}',
        logger='current',
    )
