"""The parts of TV-L1 against the formulas of the papers, and against OpenCV."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tpn_tsn_plugin.functional.tvl1.iteration import (
    Linearised,
    Unknowns,
    _follow,
    _move,
    step_compiled,
    step_in_place,
)
from tpn_tsn_plugin.functional.tvl1.median import median_filter, select_median
from tpn_tsn_plugin.functional.tvl1.parameters import TVL1Parameters
from tpn_tsn_plugin.functional.tvl1.pictures import (
    central_differences,
    on_canvas,
    shrink,
    warp,
)
from tpn_tsn_plugin.functional.tvl1.scale import linearise

TAU, LAMBDA, THETA = 0.25, 0.15, 0.3
PARAMETERS = TVL1Parameters(LAMBDA, TAU, THETA)
SHAPE = (2, 2, 5, 7)


@pytest.fixture(params=['in place', 'as compiled'])
def step(request, monkeypatch):
    if request.param == 'in place':
        return step_in_place
    name = 'tpn_tsn_plugin.functional.tvl1.iteration._compiled'
    monkeypatch.setattr(name, lambda: (_move, _follow))
    return step_compiled


def random(*shape, scale=1.0):
    return scale * torch.randn(shape, generator=torch.manual_seed(sum(shape)))


def forward_differences(u):
    """Along x and along y, with zeros where there is no neighbour."""
    along_x = F.pad(u[..., 1:] - u[..., :-1], (0, 1))
    along_y = F.pad(u[..., 1:, :] - u[..., :-1, :], (0, 0, 0, 1))
    return along_x, along_y


def divergence(x, y):
    """The adjoint of the forward differences, negated, by autograd."""
    u = torch.zeros_like(x, requires_grad=True)
    along_x, along_y = forward_differences(u)
    ((along_x * x).sum() + (along_y * y).sum()).backward()
    return -u.grad


def written_out(u, x, y, gradient, rho):
    """One iteration in the papers' own words."""
    reach, squared = LAMBDA * THETA, gradient.square().sum(1, keepdim=True)
    low, high = rho < -reach * squared, rho > reach * squared
    pull = torch.where(low, reach, torch.where(high, -reach, -rho / squared))
    v = u + pull * gradient
    after = v + THETA * divergence(x, y)
    along_x, along_y = forward_differences(after)
    norm = 1 + TAU / THETA * (along_x.square() + along_y.square()).sqrt()
    new_x = (x + TAU / THETA * along_x) / norm
    new_y = (y + TAU / THETA * along_y) / norm
    # all three cases happen
    assert low.any()
    assert high.any()
    assert not (low | high).all()
    return after, new_x, new_y


def problem(u):
    """A residual, and the frames that it is of."""
    brightness = random(2, 3, *SHAPE[2:], scale=0.5)
    before = random(2, 1, *SHAPE[2:], scale=0.1)
    gradient = brightness[:, 1:]
    at_rest = brightness[:, :1] - before - (gradient * u).sum(1, keepdim=True)
    scaled = u * (TAU / THETA)
    return linearise(brightness, before, scaled, PARAMETERS), gradient, at_rest


def unknowns_of(u, x, y):
    lines = [F.pad(p.flatten(2), (SHAPE[-1], 0)) for p in (x, y)]
    return Unknowns(u * (TAU / THETA), (lines[0], lines[1]))


def test_step_is_the_papers(step):
    start = random(*SHAPE, scale=0.2)
    linearised, gradient, at_rest = problem(start)
    u, x, y = start, torch.zeros(SHAPE), torch.zeros(SHAPE)
    unknowns = unknowns_of(u, x, y)
    for _ in range(4):
        rho = at_rest + (gradient * u).sum(1, keepdim=True)
        before, (u, x, y) = u, written_out(u, x, y, gradient, rho)
        moved = step(unknowns, linearised, TAU, None)
        torch.testing.assert_close(unknowns.field * (THETA / TAU), u)
        torch.testing.assert_close(unknowns.x.view(SHAPE), x)
        torch.testing.assert_close(unknowns.y.view(SHAPE), y)
        expected = (u - before).flatten(1).norm(dim=1) * (TAU / THETA)
        torch.testing.assert_close(moved.flatten(), expected)


def test_pairs_that_rest_stay_to_the_bit(step):
    linearised, _, _ = problem(torch.zeros(SHAPE))
    unknowns = Unknowns(random(*SHAPE))
    step(unknowns, linearised, TAU, None)
    field, x = unknowns.field.clone(), unknowns.x.clone()
    active = torch.tensor([0.0, 1.0]).view(2, 1, 1)
    moved = step(unknowns, linearised, TAU, active)
    assert moved.flatten().ne(0).tolist() == [False, True]
    assert torch.equal(unknowns.field[0], field[0])
    assert torch.equal(unknowns.x[0], x[0])
    assert not torch.equal(unknowns.field[1], field[1])


def test_pairs_are_taken_and_put_back():
    linearised, _, _ = problem(torch.zeros(SHAPE))
    unknowns = Unknowns(random(*SHAPE))
    places = torch.tensor([1])
    taken, part = unknowns.take(places), linearised.take(places)
    for _ in range(2):
        step_in_place(unknowns, linearised, TAU, None)
        step_in_place(taken, part, TAU, None)
    assert torch.equal(taken.field[0], unknowns.field[1])
    other = Unknowns(random(*SHAPE))
    other.put(places, taken)
    assert torch.equal(other.field[1], unknowns.field[1])
    assert torch.equal(other.y[1], unknowns.y[1])
    assert other.y[0].eq(0).all()


def test_flat_places_do_not_pull():
    """As where the papers' squared gradient is zero: v is u."""
    brightness = random(2, 3, *SHAPE[2:])
    brightness[:, 1:, 2, 3] = 1e-5
    u = random(*SHAPE)
    linearised = linearise(brightness, random(2, 1, *SHAPE[2:]), u, PARAMETERS)
    assert isinstance(linearised, Linearised)
    place = 2 * SHAPE[-1] + 3
    for part in linearised[:2]:
        assert part[..., place].eq(0).all()
        assert part.ne(0).any()


@pytest.mark.parametrize('size', [3, 5])
@pytest.mark.parametrize('shape', [(1, 2, 9, 13), (2, 2, 5, 4), (1, 1, 2, 3)])
def test_median_is_opencvs_everywhere(size, shape):
    planes = random(*shape)
    # equal values too
    planes[..., : shape[-1] // 2].round_()
    expected = [cv2.medianBlur(plane.numpy(), size) for plane in planes.flatten(0, 1)]
    expected = torch.from_numpy(np.stack(expected)).view(shape)
    assert torch.equal(select_median(planes, size), expected)
    median_filter(planes, size, select_median)
    assert torch.equal(planes, expected)


def test_median_of_a_part_leaves_the_rest():
    lines = random(2, 2, 40)
    kept = lines[..., 35:].clone()
    planes = lines[..., :35].unflatten(-1, (5, 7))
    expected = select_median(planes, 3)
    median_filter(planes, 3, select_median)
    assert torch.equal(lines[..., :35].view_as(planes), expected)
    assert torch.equal(lines[..., 35:], kept)


@pytest.mark.parametrize('factor', [0.8, 0.5, 0.63])
@pytest.mark.parametrize('size', [(256, 341), (33, 20)])
def test_smaller_pictures_are_opencvs(factor, size):
    picture = random(1, 1, *size, scale=100)
    expected = cv2.resize(picture[0, 0].numpy(), None, fx=factor, fy=factor)
    smaller = shrink(picture, factor)[0, 0]
    torch.testing.assert_close(smaller, torch.from_numpy(expected), rtol=0, atol=1e-2)


def test_differences_are_half_those_of_the_neighbours():
    ramp = torch.tensor([0.0, 1, 4, 9]).expand(1, 1, 3, 4)
    along_x, along_y = central_differences(ramp)
    assert along_x[0, 0, 1].tolist() == [0.5, 2, 4, 2.5]
    assert along_y.eq(0).all()
    turned, _ = central_differences(ramp.mT)
    assert turned.eq(0).all()


def test_canvas_has_whole_pixels_where_pytorch_has_exact_numbers():
    for size, expected in (
        ((2, 3), (2, 3)),
        ((5, 6), (5, 9)),
        ((17, 341), (17, 513)),
    ):
        picture = random(1, 2, *size)
        canvas = on_canvas(picture)
        assert canvas.shape == (1, 2, *expected)
        assert torch.equal(canvas[..., : size[0], : size[1]], picture)
        assert canvas.count_nonzero() == picture.count_nonzero()


@pytest.mark.parametrize('size', [(6, 8), (19, 45)])
def test_warp_looks_where_the_field_points(size):
    picture, field = random(1, 2, *size), torch.zeros(1, 2, *size)
    canvas = on_canvas(picture)
    # to the bit: what is still stays so
    assert torch.equal(warp(canvas, field), picture)
    field[:, 0] += 2
    field[:, 1] -= 1
    moved = warp(canvas, field)
    assert torch.equal(moved[..., 1:, :-2], picture[..., :-1, 2:])
    # beyond the border there is nothing
    assert moved[..., 0, :].eq(0).all()
    assert moved[..., -2:].eq(0).all()


def test_warp_is_opencvs():
    picture, field = random(1, 1, 12, 14), random(1, 2, 12, 14, scale=3)
    x, y = field[0].numpy() + np.stack(np.meshgrid(np.arange(14), np.arange(12)))
    x, y = x.astype(np.float32), y.astype(np.float32)
    expected = cv2.remap(picture[0, 0].numpy(), x, y, cv2.INTER_CUBIC)
    warped = warp(on_canvas(picture), field)[0, 0]
    torch.testing.assert_close(warped, torch.from_numpy(expected), rtol=0, atol=1e-4)
