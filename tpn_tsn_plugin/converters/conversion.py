"""A value in a checkpoint for each weight of a model, and what became of each key."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.cross_modality import inflate_kernel
from tpn_tsn_plugin.functional.weight_names import canonical_name, is_classifier

from .common_names import common_name
from .pyramids import pyramid_of
from .source_format import SourceFormat


@dataclass
class Conversion:
    """What of a checkpoint goes where in a model.

    Attributes:
        source_format: Name of the checkpoint's format.
        weights: Value for each weight of the model that has one, by the model's name.
        mapped: The checkpoint's key for each of these, but for the counters below.
        spread: Those of them whose 2D kernels were spread over time.
        counters: Counters of batches that the checkpoint lacks; they start at 0.
        dropped: Keys of no use to the model, with the reason.
        missing: Shape of each weight of the model that the checkpoint lacks.
        unknown: Shape of each key that fits nothing in the model.
        misshapen: Keys with the checkpoint's shape and the model's.
        differences: What the model computes otherwise than the source.
        notes: What a checkpoint does not tell, so that the config must be right.
    """

    source_format: str
    weights: dict[str, Tensor] = field(default_factory=dict)
    mapped: dict[str, str] = field(default_factory=dict)
    spread: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    missing: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unknown: dict[str, tuple[int, ...]] = field(default_factory=dict)
    misshapen: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the model with these weights is the checkpoint's network."""
        return not (self.missing or self.unknown or self.misshapen or self.differences)


def convert(
    source: Mapping[str, Tensor],
    model: nn.Module,
    source_format: SourceFormat,
    *,
    filename: str,
) -> Conversion:
    """Find a value for each weight of a model in a checkpoint.

    Args:
        source: The checkpoint's weights.
        model: What they are for; it is not changed.
        source_format: The checkpoint's format.
        filename: The checkpoint's name, for messages.

    Raises:
        CheckpointError: Two keys are for one weight.
    """
    renamed, dropped = source_format.rename(source)
    by_new_name = {new: source[name] for name, new in renamed.items()}
    result = Conversion(
        source_format.name,
        dropped=dropped,
        differences=source_format.find_differences(by_new_name, model),
        notes=_untold(model, source_format),
    )
    own = model.state_dict()
    targets = {common_name(name, model): name for name in own}
    taken: dict[str, str] = {}
    for name, new in renamed.items():
        common = common_name(new, model)
        target = targets.get(common)
        if target is None:
            _leave(result, name, common, source[name], targets, source_format)
            continue
        if target in taken:
            raise CheckpointError(
                f'{filename} has two keys for {target}: {taken[target]} and {name}; '
                'take one of them out'
            )
        taken[target] = name
        _take(result, name, source[name], target, own[target], source_format)
    for target, value in own.items():
        if target not in taken and _is_counter(target):
            result.weights[target] = value.new_zeros(value.shape)
            result.counters.append(target)
        elif target not in taken:
            result.missing[target] = tuple(value.shape)
    return result


def _take(
    result: Conversion,
    name: str,
    came: Tensor,
    target: str,
    wanted: Tensor,
    source_format: SourceFormat,
) -> None:
    """Note a value for the model's weight, or that it does not fit."""
    # PyTorch before 0.4 saved the weights of normalisations as (1, C).
    value = came[0] if came.shape == (1, *wanted.shape) else came
    spread = source_format.is_image_model and (value.ndim, wanted.ndim) == (4, 5)
    if spread:
        value = inflate_kernel(value, wanted.shape[2])
    if value.shape != wanted.shape:
        shapes = f'{tuple(came.shape)} for {tuple(wanted.shape)}'
        result.misshapen.append(f'{name} {shapes}')
        return
    # A copy: a view would take the whole of what it looks at into the new file.
    result.weights[target] = value.detach().to(wanted.dtype, copy=True)
    result.mapped[target] = name
    if spread and wanted.shape[2] > 1:
        result.spread.append(target)


def _leave(
    result: Conversion,
    name: str,
    common: str,
    value: Tensor,
    targets: Mapping[str, str],
    source_format: SourceFormat,
) -> None:
    """Note why a key has no place in the model."""
    auxiliary = '.'.join(common.split('.')[:3])
    if _is_counter(name):
        result.dropped[name] = 'a counter of batches, which the model does not keep'
    elif source_format.is_image_model and is_classifier(canonical_name(common)):
        result.dropped[name] = "the image model's classifier"
    elif common.startswith('neck.aux_head') and not any(
        target.startswith(auxiliary) for target in targets
    ):
        result.dropped[name] = 'an auxiliary head, for training; the model has none'
    else:
        result.unknown[name] = tuple(value.shape)


def _untold(model: nn.Module, source_format: SourceFormat) -> list[str]:
    pyramid = pyramid_of(model)
    if pyramid is None or source_format.is_image_model:
        return []
    return [
        'a checkpoint does not tell what the config says: information_flow='
        f'{pyramid.information_flow!r}, temporal_rates={pyramid.temporal_rates}'
    ]


def _is_counter(name: str) -> bool:
    return name.endswith('num_batches_tracked')
