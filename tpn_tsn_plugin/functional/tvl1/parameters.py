"""The parameters of TV-L1."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tpn_tsn_plugin.errors import require_one_of, require_positive_int

# What the sources and OpenCV call lambda may not be called so in Python.
ATTACHMENT, LAMBDA = 'attachment', 'lambda'


@dataclass(frozen=True)
class TVL1Parameters:
    """The parameters of OpenCV's ``DualTVL1OpticalFlow``, but gamma and initial fields.

    Attributes:
        attachment: lambda; the smaller, the smoother the field.
        tau: Length of the dual steps.
        theta: How tightly u and v are coupled.
        epsilon: Change of u, in pixels, root mean square, below which a warp ends.
        scales_number: Pictures of the pyramid, less where they would get too small.
        scale_step: Size of each by the one before, between 0 and 1.
        warpings_number: Linearisations at each scale.
        inner_iterations: Iterations between two median filterings.
        outer_iterations: Median filterings of a warp.
        median_filtering: Side of the median filter, 3 or 5; 0 or 1 for none.

    Raises:
        ValueError: A value is not allowed.
    """

    attachment: float = 0.15
    tau: float = 0.25
    theta: float = 0.3
    epsilon: float = 0.01
    scales_number: int = 5
    scale_step: float = 0.8
    warpings_number: int = 5
    inner_iterations: int = 30
    outer_iterations: int = 10
    median_filtering: int = 5

    def __post_init__(self) -> None:
        for name in (LAMBDA, 'tau', 'theta'):
            value = self.by_name()[name]
            if not value > 0:
                raise ValueError(f'{name} must be above 0, got {value!r}')
        if not self.epsilon >= 0:
            raise ValueError(f'epsilon must be 0 or more, got {self.epsilon!r}')
        if not 0 < self.scale_step < 1:
            raise ValueError(
                f'scale_step must lie between 0 and 1, got {self.scale_step!r}'
            )
        for name in ('scales_number', 'warpings_number'):
            require_positive_int(name, getattr(self, name))
        for name in ('inner_iterations', 'outer_iterations'):
            require_positive_int(name, getattr(self, name))
        require_one_of('median_filtering', self.median_filtering, [0, 1, 3, 5])

    def by_name(self) -> dict[str, Any]:
        """Values by OpenCV's names."""
        values = asdict(self)
        return {LAMBDA: values.pop(ATTACHMENT), **values}

    @classmethod
    def from_names(cls, values: Mapping[str, Any]) -> 'TVL1Parameters':
        """Take values by OpenCV's names.

        Raises:
            ValueError: A value is not allowed.
        """
        others = dict(values)
        return cls(others.pop(LAMBDA), **others)
