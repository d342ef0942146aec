"""Bringing maps to one size: hand-computed values."""

import pytest
import torch

from tpn_tsn_plugin.functional.pyramid import (
    extent,
    max_pool_to,
    resize,
    sample_in_time,
)


def in_time(*values):
    return torch.tensor(values).view(1, 1, -1, 1, 1)


def test_extent_is_plain_numbers():
    size = extent(torch.zeros(2, 3, 4, 5, 6))
    assert size == (4, 5, 6)
    assert all(type(length) is int for length in size)


@pytest.mark.parametrize(
    ('rate', 'expected'),
    [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (4, [0, 4]), (5, [0])],
)
def test_sampling_begins_with_the_first_step(rate, expected):
    assert sample_in_time(in_time(0, 1, 2, 3, 4), rate).flatten().tolist() == expected


def test_sampling_leaves_space_alone():
    x = torch.randn(2, 3, 4, 5, 6)
    assert torch.equal(sample_in_time(x, 2), x[:, :, [0, 2]])


def test_pooling_to_a_size():
    x = in_time(3.0, 1, 4, 1, 5)
    assert max_pool_to(x, (3, 1, 1)).flatten().tolist() == [3, 4, 5]
    assert max_pool_to(x, (4, 1, 1)).flatten().tolist() == [3, 4, 4, 5]
    assert max_pool_to(x, (5, 1, 1)) is x
    assert resize(x, (7, 1, 1)).flatten().tolist() == [3, 3, 1, 4, 4, 1, 5]


def test_the_border_does_not_count_where_all_values_are_negative():
    x = in_time(-3.0, -1, -4, -2, -5)
    assert max_pool_to(x, (3, 1, 1)).flatten().tolist() == [-1, -2, -5]


def test_pooling_by_whole_factors_is_ordinary_max_pooling():
    x = torch.randn(2, 3, 8, 6, 4)
    expected = torch.nn.functional.max_pool3d(x, (4, 3, 2))
    assert torch.equal(max_pool_to(x, [2, 2, 2]), expected)


def test_resizing_pools_what_is_longer_and_repeats_what_is_shorter():
    x = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]]).view(1, 1, 2, 1, 4)
    resized = resize(x, (4, 2, 2))
    rows = [[2, 4], [2, 4], [6, 8], [6, 8]]
    assert resized[0, 0].tolist() == [[row, row] for row in rows]


def test_resizing_to_the_own_size_copies_nothing():
    x = torch.randn(1, 2, 3, 4, 5)
    assert resize(x, (3, 4, 5)) is x
