"""Where a network shifts features in time, which no weight's shape shows.

TSM wraps a layer and runs it on shifted features. The wrapper is part of the layer's
name: ``layer1.0.conv1.net.weight`` in TSM's own code,
``layer1.0.conv1.conv.net.weight`` in MMAction2.
"""

from collections.abc import Collection, Iterable, Mapping

from torch import Tensor, nn

from tpn_tsn_plugin.functional.weight_names import canonical_name

SHOWN_NAMES = 2


def shifted_layers(names: Iterable[str]) -> set[str]:
    """The weights, under torchvision's names, that are applied to shifted features."""
    return {canonical_name(name) for name in names if '.net.' in name}


def shift_differences(expected: Collection[str], model: nn.Module) -> list[str]:
    """Say where a model shifts other layers' features than the checkpoint's network.

    Args:
        expected: What :func:`shifted_layers` is of the checkpoint's network.
        model: What the checkpoint is to be brought to.

    Returns:
        A sentence for each side that has shifts which the other lacks.
    """
    have = shifted_layers(model.state_dict())
    sentences = []
    for only, who in (
        (sorted(set(expected) - have), 'the checkpoint'),
        (sorted(have.difference(expected)), 'the model'),
    ):
        if only:
            shown, more = ', '.join(only[:SHOWN_NAMES]), len(only) - SHOWN_NAMES
            rest = f' and {more} more' if more > 0 else ''
            sentences.append(f'only {who} shifts features in time before {shown}{rest}')
    return sentences


def shifts_as_named(source: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    """Compare the shifts of sources whose names show them."""
    return shift_differences(shifted_layers(source), model)
