"""Testing made fast by one line of a config."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, cast

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from tpn_tsn_plugin.engine.hooks.model_parts import model_of
from tpn_tsn_plugin.errors import PluginError, require_one_of
from tpn_tsn_plugin.registry import HOOKS

from . import timing
from .fast_features import Conversion, FastFeatures
from .precision import DTYPES, read_dtype

# By how much a score may differ, by the number type it comes from.
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 0.01, torch.float16: 0.01}
# Views of one pass on a CPU: more do not make it faster, only larger.
CPU_VIEWS = 4
# Share of a GPU's free memory that views may take.
MEMORY_SHARE = 0.7
HINT = "try dtype='float32' or fold=False, allow more by tolerance, or remove the hook"


@HOOKS.register_module()
class FastInferenceHook(Hook):
    """Test any recogniser faster, with the same weights and, but for rounding, scores.

    Works on a copy of the model: batch normalisations are folded into convolutions,
    channels come last in memory, numbers are bfloat16 where the device has it, 3D
    convolutions are computed in the fastest of several ways, and views go through in
    passes. The model, and what checkpoints hold, stay as they are.

    The first video, or two views of it for a 3D recogniser, is tested both ways. If a
    score differs by more than it may, the hook stops and says so; later videos are not
    compared.

    Args:
        dtype: ``'auto'``, ``'float32'``, ``'bfloat16'`` or, on GPUs, ``'float16'``.
        fold: Whether batch normalisations are folded.
        channels_last: Whether channels come last in memory.
        convolutions: ``'measured'``: each 3D convolution is computed in the way that is
            the fastest here; ``'flat'``: as a 2D one where its kernel allows that;
            ``'direct'``: as PyTorch does.
        views_per_pass: Clips that go through a 3D recogniser at once, whatever the
            number of videos; ``'auto'``: 4 on a CPU, on a GPU what fits into its
            memory; 0: all. A recogniser with ``max_testing_views`` keeps that.
        validation: Whether validation is made fast as well.
        tolerance: By how much a score, a class's share of 1, may differ; unless given
            1e-5 in float32, and 0.01 in shorter numbers.

    Raises:
        ValueError: An option has a value that is not allowed.
        PluginError: In testing: the model is no recogniser, or does not give the same
            scores this way.
    """

    # After those that put other weights in place for testing, such as averaged ones.
    priority = 'VERY_LOW'

    def __init__(
        self,
        *,
        dtype: str = 'auto',
        fold: bool = True,
        channels_last: bool = True,
        convolutions: str = 'measured',
        views_per_pass: int | str = 'auto',
        validation: bool = False,
        tolerance: float | None = None,
    ) -> None:
        require_one_of('dtype', dtype, ['auto', *DTYPES])
        require_one_of('convolutions', convolutions, ['measured', 'flat', 'direct'])
        if tolerance is not None and not (
            isinstance(tolerance, Real) and tolerance >= 0
        ):
            raise ValueError(f'tolerance must be 0 or more, got {tolerance!r}')
        if views_per_pass != 'auto' and (
            not isinstance(views_per_pass, int) or views_per_pass < 0
        ):
            raise ValueError(
                "views_per_pass must be 'auto', 0 (all) or a whole number of views, "
                f'got {views_per_pass!r}'
            )
        self.dtype = dtype
        self.fold = fold
        self.channels_last = channels_last
        self.convolutions = convolutions
        self.views_per_pass = views_per_pass
        self.validation = validation
        self.tolerance = tolerance
        self._fast: FastFeatures | None = None
        self._known: dict[str, dict[str, float]] = {}

    def before_test_epoch(self, runner: Runner) -> None:
        """Make the copy, of the weights that are tested."""
        self._begin(runner, runner.test_loop, 'test')

    def before_val_epoch(self, runner: Runner) -> None:
        """Make the copy, if validation is to be fast."""
        if self.validation:
            self._begin(runner, runner.val_loop, 'validation')

    def before_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Choose and check with the first batch."""
        if batch_idx == 0:
            self._settle(runner, data_batch)

    def before_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Choose and check with the first batch."""
        if batch_idx == 0 and self.validation:
            self._settle(runner, data_batch)

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Give the model its own extraction back."""
        self._end(runner)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Give the model its own extraction back."""
        self._end(runner)

    def _begin(self, runner: Runner, loop: Any, kind: str) -> None:
        if getattr(loop, 'fp16', False):
            raise ValueError(
                f'FastInferenceHook and fp16=True of the {kind} loop each choose a '
                'number type; remove one of them'
            )
        model = model_of(runner)
        if not hasattr(model, 'extract_feat'):
            raise PluginError(
                'FastInferenceHook makes recognisers fast, and the model is a '
                f'{type(model).__name__}; remove the hook'
            )
        self._end(runner)
        device = next(model.parameters()).device
        conversion = Conversion(read_dtype(self.dtype, device), self.channels_last)
        with refusing(model):
            # One view a pass until it is known how many fit.
            self._fast = FastFeatures(
                model, conversion, fold=self.fold, views_per_pass=1
            )

    def _end(self, runner: Runner) -> None:
        vars(model_of(runner)).pop('extract_feat', None)
        self._fast = None

    def _settle(self, runner: Runner, batch: Any) -> None:
        """Try both on a video, choose the fastest convolutions, and take over."""
        model, fast = model_of(runner), self._fast
        if fast is None:
            return
        # Two views go through in two passes, whose features are joined.
        video = first_video(batch, 2 if fast.divides else 0)
        try:
            with refusing(model):
                own = scores_of(model, video)
                vars(model)['extract_feat'] = fast
                with timing.inputs_seen(fast.model) as seen:
                    scores_of(model, video)
                chosen = self._choose(fast, seen)
                timing.apply(fast.model, chosen)
                worst = largest_difference(own, scores_of(model, video))
            require_equal(model, fast, worst, self.tolerance)
            if self.views_per_pass != 'auto':
                fast.views_per_pass = int(self.views_per_pass)
            elif fast.divides:
                fast.views_per_pass = views_that_fit(model, first_video(batch, 1))
        except BaseException:
            self._end(runner)
            raise
        what = 'two views' if fast.divides else 'the first video'
        runner.logger.info(
            f'FastInferenceHook: {name_of(fast.conversion.dtype)}, {len(fast.folded)} '
            f'batch normalisations folded, {timing.summary(chosen)}; '
            f'scores of {what} differ by {worst:.1e} at most'
        )

    def _choose(
        self, fast: FastFeatures, seen: dict[str, timing.Seen]
    ) -> dict[str, str]:
        if self.convolutions == 'measured':
            return timing.choose(fast.model, seen, self._known)
        return timing.force(fast.model, flat=self.convolutions == 'flat')


@contextmanager
def refusing(model: nn.Module) -> Iterator[None]:
    """Say of a model that cannot be copied, converted or tested so.

    Raises:
        PluginError: In place of what went wrong.
    """
    try:
        yield
    except (RuntimeError, AttributeError, KeyError, TypeError) as error:
        raise PluginError(
            f'FastInferenceHook cannot treat this {type(model).__name__} '
            f'({type(error).__name__}: {error}); {HINT}'
        ) from error


def require_equal(
    model: nn.Module, fast: FastFeatures, worst: float, tolerance: float | None = None
) -> None:
    """Check that a difference of scores is one of rounding.

    Raises:
        PluginError: It is larger.
    """
    dtype = fast.conversion.dtype
    allowed = TOLERANCE[dtype] if tolerance is None else tolerance
    if not worst <= allowed:
        raise PluginError(
            f'FastInferenceHook changes scores of this {type(model).__name__} by '
            f'{worst:.2g} in {name_of(dtype)}, and {allowed:g} is allowed; {HINT}'
        )


def name_of(dtype: torch.dtype) -> str:
    """Name a number type as options do."""
    return str(dtype).removeprefix('torch.')


def first_video(batch: Mapping[str, Any], views: int) -> dict[str, Any]:
    """Take the first video of a batch as a data loader gives it.

    Args:
        batch: ``inputs`` (a list, or one a modality) and ``data_samples``.
        views: Its first views only; 0 for all.
    """
    inputs = batch['inputs']
    if isinstance(inputs, Mapping):
        first: Any = {name: each[:1] for name, each in inputs.items()}
    else:
        first = [video[:views] if views else video for video in inputs[:1]]
    return dict(inputs=first, data_samples=batch['data_samples'][:1])


def scores_of(model: nn.Module, batch: dict[str, Any]) -> list[Tensor]:
    """Test a batch, which stays as it is, and return all of its scores."""
    with torch.no_grad():
        samples = cast(Any, model).test_step(copy.deepcopy(batch))
    return [
        leaf.float()
        for sample in samples
        for leaf in tree_leaves(sample.pred_score)
        if isinstance(leaf, Tensor)
    ]


def largest_difference(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """By how much scores differ at most; NaN if one is."""
    return max(float((a - b).abs().max()) for a, b in zip(first, second, strict=True))


def views_that_fit(model: nn.Module, batch: dict[str, Any]) -> int:
    """How many views go through at once.

    Args:
        model: A recogniser.
        batch: One view.

    Returns:
        As many as a GPU's free memory takes; on a CPU ``CPU_VIEWS``.
    """
    device = next(model.parameters()).device
    if device.type != 'cuda':
        return CPU_VIEWS
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    scores_of(model, batch)
    each = torch.cuda.max_memory_allocated(device) - before
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, int(MEMORY_SHARE * free / each))
