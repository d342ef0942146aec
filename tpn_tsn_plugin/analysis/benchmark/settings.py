"""What is measured, and how often."""

from dataclasses import dataclass

import torch

from tpn_tsn_plugin.errors import PluginError, require_one_of, require_positive_int

PARTS = ('size', 'test', 'train', 'data')
DEVICES = ('cpu', 'cuda')
AMP = {'bf16': torch.bfloat16, 'fp16': torch.float16}
VIEWS = ('one', 'all')


@dataclass(frozen=True)
class Settings:
    """Options of a benchmark.

    Args:
        parts: Some of ``PARTS``: parameters and FLOPs; time and memory of testing and
            of training; loading of data.
        runs: Counted measurements of each time.
        warmup: Measurements before them that do not count.
        batch: Videos in a batch; None for each config's own.
        device: One of ``DEVICES``.
        amp: One of ``AMP`` for mixed precision, None for float32.
        compiled: Whether to compile the models with ``torch.compile``.
        views: Whether testing takes one view of a video or ``'all'``.

    Raises:
        ValueError: An option has a value that is not allowed.
        PluginError: There is no GPU.
    """

    parts: tuple[str, ...] = PARTS
    runs: int = 20
    warmup: int = 2
    batch: int | None = None
    device: str = 'cpu'
    amp: str | None = None
    compiled: bool = False
    views: str = 'one'

    def __post_init__(self) -> None:
        for part in self.parts:
            require_one_of('parts', part, PARTS)
        require_positive_int('runs', self.runs)
        require_positive_int('warmup', self.warmup)
        if self.batch is not None:
            require_positive_int('batch', self.batch)
        require_one_of('device', self.device, DEVICES)
        require_one_of('amp', self.amp, [None, *AMP])
        require_one_of('views', self.views, VIEWS)
        if self.device == 'cuda' and not torch.cuda.is_available():
            raise PluginError(
                f'torch {torch.__version__} finds no GPU; take --device cpu'
            )
