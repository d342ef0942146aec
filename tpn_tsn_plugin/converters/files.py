"""Checkpoints read safely, and written whole or not at all."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from tpn_tsn_plugin.functional.weight_transfer import weights_of
from tpn_tsn_plugin.output_files import written_whole


@dataclass(frozen=True)
class SourceFile:
    """A checkpoint as it came.

    Attributes:
        path: Where it lies.
        sha256: Of the file, in hexadecimal digits.
        weights: Its weights by their keys.
        dataset_meta: What its ``meta`` says of the data set (the names of classes),
            where it does.
    """

    path: Path
    sha256: str
    weights: dict[str, Tensor]
    dataset_meta: dict[str, Any] | None


def read_source(path: Path) -> SourceFile:
    """Read a checkpoint; nothing in it is run.

    Raises:
        CheckpointError: There are no weights in it, or one is none.
        PluginError: It cannot be read at all.
        UnsafeCheckpointError: It asks for a class that loading does not allow.
    """
    with path.open('rb') as file:
        sha256 = hashlib.file_digest(file, 'sha256').hexdigest()
    loaded = CheckpointLoader.load_checkpoint(
        str(path), map_location='cpu', logger='silent'
    )
    weights = weights_of(loaded, str(path))
    meta = loaded.get('meta')
    dataset_meta = meta.get('dataset_meta') if isinstance(meta, dict) else None
    if not isinstance(dataset_meta, dict):
        dataset_meta = None
    return SourceFile(path, sha256, weights, dataset_meta)


def write_checkpoint(
    path: Path, weights: dict[str, Tensor], source: SourceFile, meta: dict[str, Any]
) -> None:
    """Write a checkpoint as MMEngine does.

    Args:
        path: The new file, which takes the place of an old one.
        weights: By the model's names.
        source: Where they come from; goes into ``meta``.
        meta: What else is known about them.
    """
    meta = dict(source=source.path.name, source_sha256=source.sha256, **meta)
    if source.dataset_meta is not None:
        meta['dataset_meta'] = source.dataset_meta
    with written_whole(path) as partial:
        torch.save(dict(meta=meta, state_dict=weights), partial)
