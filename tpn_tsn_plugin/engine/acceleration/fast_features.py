"""A recogniser's feature extraction, made fast for testing, on a copy.

Shape letters: N videos, V views, C channels, T time, H height, W width.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmaction.models.recognizers import Recognizer3D
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from .folding import fold_batch_norms

# By the number of dimensions.
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


class Conversion(NamedTuple):
    """How tensors are kept while features are extracted.

    Args:
        dtype: Their number type.
        channels_last: Whether channels are the innermost dimension in memory.
    """

    dtype: torch.dtype
    channels_last: bool

    def convert_input(self, x: Any) -> Any:
        """Convert floats. Where channels lie is decided by the first convolution."""
        return x.to(self.dtype) if _is_float(x) else x

    def convert_weights(self, model: nn.Module) -> None:
        """Convert a model's parameters and buffers in place."""
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(self._convert(parameter), False))
            for name, buffer in module.named_buffers(recurse=False):
                setattr(module, name, self._convert(buffer))

    def _convert(self, weight: Tensor) -> Tensor:
        weight = self.convert_input(weight.detach())
        return put_channels_last(weight) if self.channels_last else weight


def put_channels_last(x: Tensor) -> Tensor:
    """Let channels, the second dimension, be the innermost one in memory."""
    known = CHANNELS_LAST.get(x.ndim)
    return x if known is None else x.to(memory_format=known)


class FastFeatures:
    """``extract_feat`` of a recogniser, by a copy that is fast.

    Heads stay the model's own, in float32: pooling and a matrix product take no time,
    and probabilities need their digits.

    Args:
        model: The recogniser, which stays as it is.
        conversion: How tensors are kept.
        fold: Whether batch normalisations are folded.
        views_per_pass: Views (clips, crops) that go through a 3D recogniser at once; 0
            for all. Recognisers whose ``test_cfg`` has ``max_testing_views``, and those
            of frames, do as they do without.
    """

    def __init__(
        self,
        model: BaseModel,
        conversion: Conversion,
        *,
        fold: bool,
        views_per_pass: int,
    ) -> None:
        self.conversion = conversion
        self.views_per_pass = views_per_pass
        heads = [name for name, _ in model.named_children() if name.endswith('head')]
        # A head may be as large as the rest, and is not used: shared, not copied.
        shared = {id(part): part for part in map(model.get_submodule, heads)}
        self.model = copy.deepcopy(model, shared).eval()
        for name in heads:
            setattr(self.model, name, nn.Identity())
        self.folded = fold_batch_norms(self.model) if fold else []
        conversion.convert_weights(self.model)
        self.divides = divides(model)

    @torch.inference_mode()
    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, dict]:
        """Extract features as the recogniser's ``extract_feat`` does.

        Args:
            inputs: As the recogniser takes them; (N, V, C, T, H, W) for 3D ones.
            args: Handed on.
            kwargs: Handed on.

        Returns:
            The features in float32, and what the head takes beside them.
        """

        def extract(part: Any) -> tuple[Any, dict]:
            converted = tree_map(self.conversion.convert_input, part)
            feats, beside = self.model.extract_feat(converted, *args, **kwargs)
            return tree_map(_plain, feats), beside

        if not self.divides or not self.views_per_pass:
            return extract(inputs)
        # Views become videos of one view: the head tells them apart again by counting.
        views = inputs.flatten(0, 1).unsqueeze(1)
        found = [extract(part) for part in views.split(self.views_per_pass)]
        return _join([feats for feats, _ in found]), found[0][1]


def divides(model: BaseModel) -> bool:
    """Tell whether a recogniser's views can go through in passes, and do not yet."""
    if not isinstance(model, Recognizer3D):
        return False
    return not (model.test_cfg or {}).get('max_testing_views')


def _plain(x: Any) -> Any:
    """What heads are used to: float32, channels first."""
    if not _is_float(x):
        return x
    return x.to(torch.float32, memory_format=torch.contiguous_format)


def _is_float(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point()


def _join(parts: Sequence[Any]) -> Any:
    """Concatenate tensors, or tuples of tensors, along the first dimension."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(list(parts)) if len(parts) > 1 else first
    return type(first)(_join(each) for each in zip(*parts))
