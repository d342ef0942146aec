"""One iteration of TV-L1 on many pairs at once, in as few passes over memory as may be.

Shape letters: N pairs, H and W pixels, M = H·W. Pixels lie in one line, row after row,
with one row of zeros beyond the picture: a neighbour is then the same line, shifted.
What is computed across the end of a row is set to zero. Displacements are scaled, u' =
(tau / theta) u, so that tau is the only factor that is left.
"""

from collections.abc import Callable
from functools import cache, cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from tpn_tsn_plugin.errors import MissingDependencyError


class Linearised(NamedTuple):
    """The brightness residual rho, linear in u', and how it pulls at u'.

    Attributes:
        residual: (N, 1, M), the part of -rho / |grad I1|² that u' does not change.
        slope: (N, 2, M), how it changes with u'; both in units of lambda·theta.
        pull: (N, 2, M), how far one unit moves u'.
    """

    residual: Tensor
    slope: Tensor
    pull: Tensor

    def take(self, kept: Tensor) -> 'Linearised':
        """Copy some of the pairs."""
        return Linearised(*(part[kept] for part in self))


class Unknowns:
    """The displacements u' of pairs and their dual variable p, and room to work in.

    Args:
        field: u', (N, 2, H, W).
        dual: p, one for the horizontal and one for the vertical differences, (N, 2, W +
            M) with the row of zeros first; None starts from zeros.
    """

    def __init__(
        self, field: Tensor, dual: tuple[Tensor, Tensor] | None = None
    ) -> None:
        self.shape, self.width = field.shape, field.shape[-1]
        self.size = field.shape[-2] * self.width
        line = (*field.shape[:2], self.size + self.width)
        # Two separate ones: compiled code may not write into parts of one tensor.
        self.dual = dual or (field.new_zeros(line), field.new_zeros(line))
        x, y = self.dual
        self.x, self.left = x[..., self.width :], x[..., self.width - 1 : -1]
        self.y, self.above = y[..., self.width :], y[..., : self.size]
        self.show(field.new_zeros(line))
        self.now.copy_(field.flatten(2))

    def __len__(self) -> int:
        return self.shape[0]

    def show(self, lines: Tensor) -> None:
        """Let a line (N, 2, M + W) be u', and its row of zeros be last."""
        self.lines, self.now = lines, lines[..., : self.size]
        self.right, self.below = lines[..., 1 : self.size + 1], lines[..., self.width :]

    @property
    def field(self) -> Tensor:
        """u', (N, 2, H, W), a view."""
        return self.now.unflatten(-1, self.shape[2:])

    @cached_property
    def room(self) -> tuple[Tensor, ...]:
        """What a step computes: its size, the change of u', grad u' and its norm."""
        room = self.x.new_empty((4, *self.x.shape))
        return (torch.empty_like(room[0, :, :1]), *room)

    @cached_property
    def spare(self) -> Tensor:
        """A line for the next u'."""
        return torch.zeros_like(self.lines)

    @cached_property
    def inside(self) -> tuple[Tensor, Tensor]:
        """1 where a pixel has one on its right, and one below, else 0; (M) each."""
        x, y = self.x.new_ones((2, *self.shape[2:]))
        x[:, -1], y[-1] = 0, 0
        return x.flatten(), y.flatten()

    def take(self, kept: Tensor) -> 'Unknowns':
        """Copy some of the pairs."""
        return Unknowns(self.field[kept], (self.dual[0][kept], self.dual[1][kept]))

    def put(self, places: Tensor, others: 'Unknowns') -> None:
        """Overwrite some of the pairs."""
        self.now[places] = others.now
        for own, other in zip(self.dual, others.dual, strict=True):
            own[places] = other


# Takes a step of the dual length tau: of all pairs, or of those with 1 and not 0 in
# (N, 1, 1). Returns how long the change of u' is, (N, 1, 1).
Step = Callable[[Unknowns, Linearised, float, Tensor | None], Tensor]


def step_in_place(
    unknowns: Unknowns, linearised: Linearised, tau: float, active: Tensor | None
) -> Tensor:
    """Take one step, as a :data:`Step`, without new memory.

    The step of both sources: v = u + lambda·theta·grad I1 where rho < -lambda·theta·
    |grad I1|², v = u - lambda·theta·grad I1 where it is above the opposite, and v = u -
    rho grad I1 / |grad I1|² between; then u = v + theta div p, and p = (p + (tau/theta)
    grad u) / (1 + (tau/theta) |grad u|), where -div is the adjoint of grad.
    """
    u, (residual, slope, pull) = unknowns, linearised
    size, change, across, down, norm = u.room
    torch.addcmul(residual, slope[:, :1], u.now[:, :1], out=size)
    size.addcmul_(slope[:, 1:], u.now[:, 1:]).clamp_(-1, 1)
    torch.mul(pull, size, out=change)
    change.add_(u.x, alpha=tau).sub_(u.left, alpha=tau)
    change.add_(u.y, alpha=tau).sub_(u.above, alpha=tau)
    if active is not None:
        change.mul_(active)
    u.now.add_(change)
    torch.sub(u.right, u.now, out=across)
    torch.sub(u.below, u.now, out=down)
    across.view(u.shape)[..., -1].zero_()
    down[..., -u.width :].zero_()
    if active is not None:
        # (p + 0) / (1 + 0) is p.
        across.mul_(active)
        down.mul_(active)
    torch.mul(across, across, out=norm).addcmul_(down, down).sqrt_().add_(1)
    u.x.add_(across).div_(norm)
    u.y.add_(down).div_(norm)
    return torch.linalg.vector_norm(change, dim=(1, 2), keepdim=True)


def step_compiled(
    unknowns: Unknowns, linearised: Linearised, tau: float, active: Tensor | None
) -> Tensor:
    """Take one step, as a :data:`Step`, in two compiled passes.

    Raises:
        MissingDependencyError: There is no compiler.
    """
    u = unknowns
    move, follow = _compiled()
    following, u.spare = u.spare, u.lines
    duals = (u.x, u.left, u.y, u.above, u.x.new_full((), tau))
    try:
        moved = move(following[..., : u.size], u.now, *linearised, *duals, active)
        u.show(following)
        follow(u.now, u.right, u.below, u.x, u.y, *u.inside, active)
    except torch._dynamo.exc.BackendCompilerFailed as error:
        raise MissingDependencyError(
            'compiling TV-L1 needs a C++ compiler (on a GPU also Triton), which failed '
            f'({error.inner_exception}); install one, or leave compiled out'
        ) from error
    return moved.sum(1, keepdim=True).sqrt_()


@cache
def _compiled() -> tuple[Callable[..., Tensor], Callable[..., None]]:
    # Sizes are variables: scales and videos share the code.
    return (
        torch.compile(_move, dynamic=True, fullgraph=True),
        torch.compile(_follow, dynamic=True, fullgraph=True),
    )


def _move(
    following: Tensor,
    now: Tensor,
    residual: Tensor,
    slope: Tensor,
    pull: Tensor,
    x: Tensor,
    left: Tensor,
    y: Tensor,
    above: Tensor,
    tau: Tensor,
    active: Tensor | None,
) -> Tensor:
    """Write the next u'; return the squared length of its change, (N, 2, 1)."""
    size = residual + slope[:, :1] * now[:, :1] + slope[:, 1:] * now[:, 1:]
    change = pull * size.clamp(-1, 1) + tau * (x - left + y - above)
    if active is not None:
        change = change * active
    following.copy_(now + change)
    return change.square().sum(-1, keepdim=True)


def _follow(
    now: Tensor,
    right: Tensor,
    below: Tensor,
    x: Tensor,
    y: Tensor,
    inside_x: Tensor,
    inside_y: Tensor,
    active: Tensor | None,
) -> None:
    """Let p follow grad u'."""
    across, down = (right - now) * inside_x, (below - now) * inside_y
    if active is not None:
        across, down = across * active, down * active
    norm = 1 + (across.square() + down.square()).sqrt()
    x.add_(across).div_(norm)
    y.add_(down).div_(norm)
