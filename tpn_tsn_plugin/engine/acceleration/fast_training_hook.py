"""3D convolutions of a training computed in the fastest of several ways."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.engine.hooks.model_parts import model_of, part_of
from tpn_tsn_plugin.errors import PluginError, require_one_of
from tpn_tsn_plugin.output_files import written_whole
from tpn_tsn_plugin.registry import HOOKS

from . import timing
from .conv3d import ways_of
from .fast_features import put_channels_last

# In the work directory: how each layer is computed, and what was measured.
FILE_NAME = 'convolutions.json'


@HOOKS.register_module()
class FastTrainingHook(Hook):
    """Train with 3D convolutions computed in the way that is the fastest here.

    Kernels (k, 1, 1) and (1, k, k) are 2D convolutions of time lines or of frames.
    Weights, their names and results stay; sums may be rounded in another order.

    The first step runs as without the hook, and shows what the layers are given. Then
    each is tried with one sample, on one process, and all processes go on with its
    choice; kernels (1, k, k) are tried with ``channels_last`` only, as their maps would
    be copied otherwise. The choice is kept in the work directory, so that a resumed
    training goes on with the same. Two trainings that measure may choose differently:
    for the same numbers to the last bit give both the same file, or force a way.

    Args:
        convolutions: ``'measured'``; ``'flat'``: as 2D ones where kernels allow that;
            ``'direct'``: as PyTorch does.
        cache: File of the choice; ``convolutions.json`` of the work directory unless
            given. A choice in it is taken over without measuring; one of another
            machine or number of threads is measured anew and replaced.
        channels_last: Whether channels come last in memory, which GPUs with mixed
            precision are faster with.
        compiled: Names of parts that ``torch.compile`` takes, such as ``'neck'`` and
            ``'cls_head'``; MMEngine's ``compile=True`` takes the whole step, which is
            compiled anew at each one.

    Raises:
        ValueError: An option has a value that is not allowed, or, at the start, the
            model has no part of a name.
        PluginError: At the start: the file is not what the hook writes.
    """

    def __init__(
        self,
        *,
        convolutions: str = 'measured',
        cache: str | Path | None = None,
        channels_last: bool = False,
        compiled: Sequence[str] = (),
    ) -> None:
        require_one_of('convolutions', convolutions, ['measured', 'flat', 'direct'])
        if cache is not None and convolutions != 'measured':
            raise ValueError(
                f"cache is for convolutions='measured', got {convolutions!r}"
            )
        self.convolutions = convolutions
        self.cache = cache
        self.channels_last = channels_last
        self.compiled = [compiled] if isinstance(compiled, str) else list(compiled)
        self._watch = contextlib.ExitStack()
        self._seen: dict[str, timing.Seen] | None = None

    def before_train(self, runner: Runner) -> None:
        """Apply what is known before the first step."""
        model = model_of(runner)
        if self.channels_last:
            run_channels_last(model)
        self._parts = [part_of(model, name, 'compiled') for name in self.compiled]
        if self.convolutions != 'measured':
            self._apply(
                runner, timing.force(model, flat=self.convolutions == 'flat'), 'forced'
            )
            return
        path = self._path(runner)
        known = read_choice(path, model, machine_of(model)) if path.exists() else None
        # The others may not see the file, or see it before it is whole.
        shared = [known]
        broadcast_object_list(shared)
        if shared[0] is not None:
            self._apply(runner, shared[0], f'as in {path}')
            return
        self._seen = self._watch.enter_context(timing.inputs_seen(model))

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Measure, once the first step has shown what the layers are given."""
        if self._seen is None:
            return
        seen, self._seen = self._seen, None
        self._watch.close()
        model = model_of(runner)
        shared: list[dict[str, str] | None] = [None]
        if is_main_process():
            times: timing.Times = {}
            shared = [timing.choose(model, seen, times)]
            write_choice(self._path(runner), machine_of(model), shared[0] or {}, times)
        broadcast_object_list(shared)
        self._apply(runner, shared[0] or {}, 'measured')

    def _apply(self, runner: Runner, chosen: dict[str, str], how: str) -> None:
        timing.apply(model_of(runner), chosen)
        # Weights keep their names.
        for part in self._parts:
            part.compile()
        runner.logger.info(f'FastTrainingHook, {how}: {timing.summary(chosen)}')

    def _path(self, runner: Runner) -> Path:
        return Path(self.cache or Path(runner.work_dir) / FILE_NAME)


def machine_of(model: nn.Module) -> str:
    """The machine that a model's weights lie on."""
    return timing.machine_of(next(model.parameters()).device)


def run_channels_last(model: nn.Module) -> None:
    """Let channels come last in a model's weights; convolutions hand that on."""
    for parameter in model.parameters():
        parameter.data = put_channels_last(parameter.data)


def write_choice(
    path: Path, machine: str, layers: dict[str, str], times: timing.Times
) -> None:
    """Write a choice, whole or not at all.

    Args:
        path: The file.
        machine: Where it was made.
        layers: Ways by the layers' names.
        times: Milliseconds by way, of each kind of layer.
    """
    content = dict(machine=machine, layers=layers, milliseconds=times)
    with written_whole(path) as part:
        part.write_text(json.dumps(content, indent=1) + '\n')


def read_choice(path: Path, model: nn.Module, machine: str) -> dict[str, str] | None:
    """Read a choice.

    Args:
        path: The file.
        model: The model that it is for.
        machine: Where it is to be used.

    Returns:
        Ways by the layers' names; none where it was made on another machine.

    Raises:
        PluginError: The file is something else, or belongs to another model.
    """
    hint = f'choice of convolutions {path}'
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        layers = dict(content['layers'])
        elsewhere = content['machine'] != machine
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PluginError(
            f'{hint} cannot be read ({type(error).__name__}: {error}); delete it, and '
            'the ways are measured again'
        ) from None
    if elsewhere:
        return None
    known = {name: ways_of(module) for name, module in model.named_modules()}
    wrong = [name for name, way in layers.items() if way not in known.get(name, [])]
    if wrong:
        raise PluginError(
            f'{hint} is for another model: {wrong[0]} cannot be computed as '
            f'{layers[wrong[0]]!r}; give another cache, or delete it'
        )
    return layers
