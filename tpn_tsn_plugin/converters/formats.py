"""The source formats, and which one a checkpoint is of."""

from collections.abc import Collection
from itertools import islice

from tpn_tsn_plugin.errors import CheckpointError

from .mmaction2 import MMACTION2
from .official_tpn import OFFICIAL_TPN
from .source_format import SourceFormat
from .torchvision import TORCHVISION
from .tsn_pytorch import TSN_PYTORCH

# In the order in which they are tried: official TPN has a backbone and a cls_head too.
FORMATS: dict[str, SourceFormat] = {
    source_format.name: source_format
    for source_format in (OFFICIAL_TPN, TSN_PYTORCH, MMACTION2, TORCHVISION)
}
SHOWN_NAMES = 3


def recognise(names: Collection[str], filename: str) -> SourceFormat:
    """Tell a checkpoint's format from its keys.

    Raises:
        CheckpointError: It is none of the known ones.
    """
    for source_format in FORMATS.values():
        if source_format.matches(names):
            return source_format
    first = ', '.join(islice(names, SHOWN_NAMES))
    known = ', '.join(f'{f.name} ({f.example})' for f in FORMATS.values())
    raise CheckpointError(
        f'the format of {filename} is not known: its first keys are {first}, known '
        f'are {known}; if it is one of these, name it with --from'
    )
