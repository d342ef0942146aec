"""Which stages two streams run, where they are fused, and what goes on from there.

Shape letters: N maps, C channels.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.models.backbones.stages import Stage
from tpn_tsn_plugin.models.fusion import StreamFusion
from tpn_tsn_plugin.registry import MODELS

STREAMS = ('spatial', 'temporal')

Stages = Mapping[str, Sequence[Stage]]
# Called with the name of each map that is computed, and the map.
Watch = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class FusionPoint:
    """Where the streams are fused.

    Attributes:
        into: The stream that goes on with the fused map.
        keep: Whether the other stream goes on as well.
        after: How many stages each stream has run before.
    """

    into: str
    keep: bool
    after: dict[str, int]

    @property
    def other(self) -> str:
        """The stream that gives its map and keeps it."""
        return STREAMS[1 - STREAMS.index(self.into)]


def read_fusions(given: Any) -> list[tuple[str, dict[str, Any]]]:
    """The stream fusions of a config: where each stands, for messages, and a copy.

    Raises:
        ValueError: They are no list of dicts.
    """
    if isinstance(given, Mapping) or not all(isinstance(x, Mapping) for x in given):
        raise ValueError(
            f'stream_fusion must be a list of dicts, got {given!r}; write '
            "[dict(type='ConvFusion', stage=..., in_channels=...)]"
        )
    return [(f'stream_fusion[{i}]', dict(config)) for i, config in enumerate(given)]


def build_fusion(place: str, config: dict[str, Any]) -> StreamFusion:
    """Build a stream fusion.

    Args:
        place: Where it stands, for messages.
        config: What is left of its config after its place in the streams.

    Raises:
        ValueError: It lacks an option, or has one that does not exist.
    """
    try:
        return MODELS.build(config)
    except TypeError as error:
        raise ValueError(
            f'{place}: {error}; its own options stand in help({config.get("type")}), '
            'beside them are stage, into and keep'
        ) from error


def read_fusion_point(
    place: str, config: dict[str, Any], stages: Stages
) -> FusionPoint:
    """Take the place of a stream fusion out of its config.

    Args:
        place: Where it stands, for messages.
        config: Loses ``stage``, ``into`` and ``keep``.
        stages: The stages of both streams.

    Raises:
        ValueError: A key is missing, or names no stream or no stage.
    """
    into = config.pop('into', 'spatial')
    keep = config.pop('keep', False)
    require_one_of(f'into of {place}', into, STREAMS)
    require_one_of(f'keep of {place}', keep, [True, False])
    if 'stage' not in config:
        raise ValueError(
            f'{place} lacks stage, the stage after which streams are fused'
        )
    stage = config.pop('stage')
    wanted = stage if isinstance(stage, Mapping) else dict.fromkeys(STREAMS, stage)
    if wanted.keys() != set(STREAMS):
        raise ValueError(
            f'stage of {place} must be one stage for both streams or '
            f'dict(spatial=..., temporal=...), got {dict(wanted)}'
        )
    after = {
        stream: _position(f'stage of {place}', wanted[stream], stream, stages[stream])
        for stream in STREAMS
    }
    return FusionPoint(into, keep, after)


def _position(name: str, wanted: Any, stream: str, stages: Sequence[Stage]) -> int:
    """How many stages are run before a fusion after the wanted one."""
    for count, stage in enumerate(stages, 1):
        known = wanted is not None and not isinstance(wanted, bool)
        if known and wanted in (stage.name, stage.index):
            return count
    names = [stage.name for stage in stages]
    numbers = [stage.index for stage in stages if stage.index is not None]
    raise ValueError(
        f'{name} must be a stage of the {stream} stream, one of {names}'
        + (f' or of the numbers {numbers}' if numbers else '')
        + f', got {wanted!r}'
    )


def check_plan(
    points: Sequence[FusionPoint], fusions: Sequence[StreamFusion], stages: Stages
) -> None:
    """Check that the streams can be run through their fusions one after the other.

    Raises:
        ValueError: A stream is used after it was cut, two fusions cross, or a stage
            cannot take the fused map.
    """
    cut: dict[str, int] = {}
    for i, point in enumerate(points):
        for stream, number in cut.items():
            raise ValueError(
                f'stream_fusion[{number}] cuts the {stream} stream, so that '
                f'stream_fusion[{i}] cannot use it; set keep=True there'
            )
        if i and any(point.after[s] < points[i - 1].after[s] for s in STREAMS):
            raise ValueError(
                f'stream_fusion[{i}] comes before stream_fusion[{i - 1}]; write them '
                'in the order in which the streams reach them, and do not let them '
                'cross'
            )
        for j in range(i):
            if points[j].after == point.after and points[j].into == point.into:
                raise ValueError(
                    f'stream_fusion[{j}] and stream_fusion[{i}] fuse into the '
                    f'{point.into} stream at the same place; leave one out'
                )
        later = points[i + 1 :]
        goes_on = point.after[point.into] < len(stages[point.into]) or later
        if goes_on and not fusions[i].keeps_channels(point.into):
            raise ValueError(
                f'{type(fusions[i]).__name__} of stream_fusion[{i}] gives a map that '
                f'no later stage of the {point.into} stream can take; fuse after its '
                f'last stage ({stages[point.into][-1].name!r}), end the backbone '
                'there by out_indices, or take ConvFusion with as many out_channels '
                'as that stream has there'
            )
        if not point.keep:
            cut[point.other] = i


def surviving_streams(points: Sequence[FusionPoint]) -> list[str]:
    """The streams that reach their end."""
    cut = {point.other for point in points if not point.keep}
    return [stream for stream in STREAMS if stream not in cut]


def cut_stages(points: Sequence[FusionPoint], stages: Stages) -> dict[str, list[Stage]]:
    """The stages of each stream that are never run, by stream."""
    return {
        point.other: list(stages[point.other][point.after[point.other] :])
        for point in points
        if not point.keep
    }


def run_streams(
    maps: Mapping[str, Tensor],
    stages: Stages,
    points: Sequence[FusionPoint],
    fusions: Iterable[nn.Module],
    watch: Watch | None = None,
) -> dict[str, Tensor]:
    """Run both streams through their stages and fusions.

    Fusions at the same place all see the maps that the streams bring there.

    Args:
        maps: Input of each stream.
        stages: The stages of each stream.
        points: Where the streams are fused.
        fusions: What fuses them there.
        watch: Told of every map, as ``'spatial.layer1'`` or ``'fusion.0'``.

    Returns:
        The last map of each surviving stream.
    """
    modules = list(fusions)
    current = dict(maps)
    done = dict.fromkeys(STREAMS, 0)

    def advance(stream: str, count: int) -> None:
        for stage in stages[stream][done[stream] : count]:
            current[stream] = stage.run(current[stream])
            if watch is not None:
                watch(f'{stream}.{stage.name}', current[stream])
        done[stream] = max(done[stream], count)

    i = 0
    while i < len(points):
        here = [j for j in range(i, len(points)) if points[j].after == points[i].after]
        for stream in STREAMS:
            advance(stream, points[i].after[stream])
        before = dict(current)
        for j in here:
            try:
                fused = modules[j](before['spatial'], before['temporal'])
            except ValueError as error:
                ends = [f'{s}.{stages[s][done[s] - 1].name}' for s in STREAMS]
                raise ValueError(
                    f'stream_fusion[{j}] after {" and ".join(ends)}: {error}'
                ) from error
            current[points[j].into] = fused
            if watch is not None:
                watch(f'fusion.{j}', fused)
        i += len(here)
    survivors = surviving_streams(points)
    for stream in survivors:
        advance(stream, len(stages[stream]))
    return {stream: current[stream] for stream in survivors}
