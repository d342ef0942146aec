"""What a data set takes: hours and bytes, from rates that were measured.

Rates hold for frames of one size and one machine; measure them where the work is to be
done. Hours are those of the clock.
"""

from dataclasses import dataclass
from numbers import Real

from tpn_tsn_plugin.errors import require_positive_int

SECONDS = 3600


@dataclass(frozen=True)
class Collection:
    """Videos of one length.

    Attributes:
        videos: Their number.
        seconds: Length of one.
        fps: Frames per second.

    Raises:
        ValueError: A value is not a number above 0.
    """

    videos: int
    seconds: float
    fps: float

    def __post_init__(self) -> None:
        require_positive_int('videos', self.videos)
        _require_positive('seconds', self.seconds)
        _require_positive('fps', self.fps)

    @property
    def frames(self) -> float:
        """Frames of all videos."""
        return self.videos * self.seconds * self.fps

    @property
    def fields(self) -> float:
        """Fields of all videos, one less a video than frames."""
        return self.frames - self.videos


def hours_of_work(items: float, rate: float, cores: int = 1) -> float:
    """Hours of work that is shared out without loss.

    Args:
        items: How much there is of it: frames to decode, fields to compute.
        rate: Items per second and core.
        cores: Cores of all machines together.

    Raises:
        ValueError: ``rate`` or ``cores`` is not above 0.
    """
    _require_positive('rate', rate)
    require_positive_int('cores', cores)
    return items / rate / cores / SECONDS


def step_seconds(processes: int, alone: float, two: float) -> float:
    """Seconds of a step of data-parallel training, from those of one and two processes.

    Each process has the same batch, whatever their number. What two take longer is
    taken for the exchange of gradients in a ring, in which each of n processes sends
    2 (n - 1) / n of them; nothing of it grows with n beyond twice what two take longer.
    Latency and slower networks are not in it.

    Args:
        processes: n.
        alone: Seconds of a step of one process.
        two: Seconds of a step of two processes.

    Raises:
        ValueError: A value is not above 0.
    """
    require_positive_int('processes', processes)
    _require_positive('alone', alone)
    _require_positive('two', two)
    exchange = max(0.0, two - alone)
    return alone + 2 * exchange * (processes - 1) / processes


def efficiency(processes: int, alone: float, two: float) -> float:
    """Share of ``processes`` times the videos per second that n processes reach.

    Args:
        processes: As in :func:`step_seconds`.
        alone: As in :func:`step_seconds`.
        two: As in :func:`step_seconds`.
    """
    return alone / step_seconds(processes, alone, two)


def video_seconds(
    step: float, loading: float, *, workers: int = 0, free_cores: bool = True
) -> float:
    """Seconds that a video takes in training or testing.

    Args:
        step: Seconds of the model a video.
        loading: Seconds of the pipeline a video, on one core.
        workers: Processes that load; 0 for the one that trains.
        free_cores: Whether workers have cores of their own, so that they work while the
            model does. Otherwise they share one with it.

    Raises:
        ValueError: ``workers`` is negative.
    """
    if workers < 0:
        raise ValueError(f'workers must be 0 or more, got {workers}')
    if not workers or not free_cores:
        return step + loading
    return max(step, loading / workers)


def epoch_hours(
    videos: int, seconds_a_video: float, *, machines: int = 1, reached: float = 1.0
) -> float:
    """Hours of going through all videos once.

    Args:
        videos: Their number.
        seconds_a_video: As :func:`video_seconds` tells.
        machines: Machines, or graphics cards, that share the videos.
        reached: :func:`efficiency`; 1 for testing, which exchanges next to nothing.

    Raises:
        ValueError: A value is not above 0.
    """
    _require_positive('reached', reached)
    return hours_of_work(videos * seconds_a_video, reached, machines)


def _require_positive(name: str, value: float) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not value > 0:
        raise ValueError(f'{name} must be a number above 0, got {value!r}')
