"""Checkpoints that cannot be loaded or resumed from are named, and none is run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.runner import Runner

from tpn_tsn_plugin.errors import CheckpointError, PluginError

TO_LOAD = 'give a checkpoint that training wrote, or that tpn-tsn convert did'
TO_RESUME = (
    'take another checkpoint of this training, or start from its weights alone: '
    'load_from without resume'
)


def name_faulty_checkpoints(runner: Runner) -> None:
    """Have a runner name the checkpoint that it cannot use; safe to call twice.

    Whatever stands at a place where MMEngine expects something else ends in an error
    of Python's that tells neither the file nor the place. And MMEngine runs the config
    that checkpoints of before MMEngine hold, for a number that this package's have not:
    it is left out.

    Args:
        runner: The runner; its ``load_checkpoint`` and ``resume`` raise
            :class:`CheckpointError` from now on.
    """
    load, resume = runner.load_checkpoint, runner.resume

    def load_or_name(filename: str, *args: Any, **kwargs: Any) -> Any:
        with _named(filename, 'loaded', TO_LOAD):
            checkpoint = load(filename, *args, **kwargs)
            if isinstance(checkpoint.get('meta'), dict):
                checkpoint['meta'].pop('config', None)
            return checkpoint

    def resume_or_name(filename: str, *args: Any, **kwargs: Any) -> None:
        with _named(filename, 'resumed from', TO_RESUME):
            resume(filename, *args, **kwargs)
            for name in ('epoch', 'iter'):
                done = getattr(runner, name)
                if not isinstance(done, int) or done < 0:
                    raise ValueError(f'its {name} is {done!r}')

    runner.load_checkpoint, runner.resume = load_or_name, resume_or_name


@contextmanager
def _named(filename: str, use: str, advice: str) -> Iterator[None]:
    try:
        yield
    except (PluginError, OSError):
        # They name the file.
        raise
    except Exception as error:
        what = f'{type(error).__name__}: {error}'
        if isinstance(error, KeyError):
            what = f'it has no {error}'
        raise CheckpointError(
            f'{filename} cannot be {use} ({what}); {advice}'
        ) from error
