"""Names of weights: the same architecture under the names of different packages.

torchvision, MMPretrain, MMAction2, tsn-pytorch and this package name the weights of one
architecture differently, by wrapping the model, its backbone or its layers. Each name
has one canonical form, torchvision's, through which any two of them meet.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What wraps a whole model: data parallelism, compilation, other training code.
_MODEL = re.compile(r'^(module\.|_orig_mod\.|model\.)+')
# What a model calls its backbone. A two-stream model's RGB stream comes first, because
# it is the one that others are initialised from.
_BACKBONES = ('spatial_backbone.', 'backbone.', 'base_model.', 'temporal_backbone.')
_CLASSIFIERS = (
    'fc',
    'new_fc',
    'last_linear',
    'classif',
    'classifier',
    'head',
    'cls_head',
    'AuxLogits',
)
_LAYERS = [
    # MMAction2's wrappers: temporal shift and temporal pooling, non-local blocks
    (r'(?<=\.)(net|block)\.', ''),
    # MMCV's ConvModule
    (r'(?:(?<=\.)|^)conv(\d+)\.conv\.', r'conv\1.'),
    (r'(?:(?<=\.)|^)conv(\d+)\.bn\.', r'bn\1.'),
    (r'(?:(?<=\.)|^)downsample\.conv\.', 'downsample.0.'),
    (r'(?:(?<=\.)|^)downsample\.bn\.', 'downsample.1.'),
]


def canonical_name(name: str) -> str:
    """Name a backbone's weight as torchvision does, without what is wrapped around it.

    >>> canonical_name('module.backbone.layer1.0.conv1.conv.net.weight')
    'layer1.0.conv1.weight'
    """
    name = _MODEL.sub('', name)
    for prefix in _BACKBONES:
        name = name.removeprefix(prefix)
    for pattern, replacement in _LAYERS:
        name = re.sub(pattern, replacement, name)
    return name


def is_classifier(name: str) -> bool:
    """Tell whether a canonical name belongs to an image model's classifier."""
    return name.split('.')[0] in _CLASSIFIERS


def split_off_backbone(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Find the backbone's weights among those of a whole model.

    Args:
        names: Names of a model's or of a backbone's weights.

    Returns:
        The backbone's names by canonical name, and the other names: those of neck and
        head, and of the other stream of a two-stream model.
    """
    names = list(names)
    inside = names
    for prefix in _BACKBONES:
        found = [name for name in names if _MODEL.sub('', name).startswith(prefix)]
        if found:
            inside = found
            break
    outside = set(names).difference(inside)
    return (
        {canonical_name(name): name for name in inside},
        [name for name in names if name in outside],
    )


@dataclass(frozen=True)
class NameMatch:
    """Which weight of a target each weight of a source is.

    Attributes:
        sources: The source's name for each of the target's names that it has.
        missing: The target's names that the source lacks.
        unexpected: The source's names, of its backbone, that the target lacks.
        left: The source's names outside the backbone and of its classifier.
    """

    sources: dict[str, str]
    missing: list[str]
    unexpected: list[str]
    left: list[str]


def match_names(source: Iterable[str], target: Iterable[str]) -> NameMatch:
    """Match the names of two models of one architecture, whatever names they use.

    Counters of batches are matched but never missed, as old files lack them.

    Args:
        source: Names of a model's or a backbone's weights.
        target: Names of a backbone's weights.
    """
    available, left = split_off_backbone(source)
    sources, missing = {}, []
    for name in target:
        found = available.pop(canonical_name(name), None)
        if found is not None:
            sources[name] = found
        elif not _is_counter(name):
            missing.append(name)
    unexpected = []
    for canonical, name in available.items():
        if is_classifier(canonical):
            left.append(name)
        elif not _is_counter(name):
            unexpected.append(name)
    return NameMatch(sources, missing, unexpected, left)


def _is_counter(name: str) -> bool:
    return name.endswith('num_batches_tracked')
