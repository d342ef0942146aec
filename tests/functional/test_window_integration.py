"""Window integration against the published procedure, written out with NumPy."""

import math
import re

import numpy as np
import pytest
import torch

from tpn_tsn_plugin.functional.window_integration import (
    highest,
    integrate_windows,
    published_top_k,
    window_maxima,
    window_step,
)

CLASSES = 5


def published(scores, sizes=(1, 2, 4, 8, 16), overlap=0.2):
    """TSN's procedure for one video, (T, classes) to (classes,), step by step."""
    by_size = []
    for size in sizes:
        step = math.ceil(size * (1 - overlap))
        starts = range(0, len(scores), step)
        maxima = np.array([scores[s : s + size].max(axis=0) for s in starts])
        number = min(max(15, len(maxima) // 4), len(maxima))
        best = np.sort(maxima, axis=0)[-number:]
        by_size.append(best.mean(axis=0))
    return np.mean(by_size, axis=0)


LENGTHS = [*range(1, 40), 59, 60, 61, 75, 76, 77, 100, 333, 1000, 3600, 3999, 4000]


@pytest.mark.parametrize('length', LENGTHS)
def test_equals_the_published_procedure(length):
    scores = np.random.default_rng(length).normal(size=(length, CLASSES))
    result = integrate_windows(torch.from_numpy(scores)[None])
    np.testing.assert_allclose(result[0], published(scores), atol=1e-6)


@pytest.mark.parametrize('overlap', [0, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize('sizes', [(3,), (5, 10, 20)])
def test_other_windows(sizes, overlap):
    scores = np.random.default_rng(0).normal(size=(200, CLASSES))
    result = integrate_windows(torch.from_numpy(scores)[None], sizes, overlap)
    np.testing.assert_allclose(result[0], published(scores, sizes, overlap), atol=1e-6)


def test_videos_do_not_mix():
    scores = torch.randn(3, 50, CLASSES)
    together = integrate_windows(scores)
    for n in range(3):
        torch.testing.assert_close(together[n], integrate_windows(scores[n : n + 1])[0])


@pytest.mark.parametrize('kind', ['float64', 'float32', 'bfloat16', 'derived'])
def test_selection_is_the_same_by_any_way(kind):
    values = torch.randn(2, 3, 100, dtype=torch.float64)
    expected = values.sort(dim=2).values[..., -7:]
    if kind == 'derived':
        chosen = highest(values.requires_grad_(), 7)
        assert chosen.requires_grad
    else:
        dtype = getattr(torch, kind)
        chosen, expected = highest(values.to(dtype), 7), expected.to(dtype)
    assert torch.equal(chosen.detach().sort(dim=2).values, expected)


def test_windows_by_hand():
    scores = torch.tensor([[[1.0, 5, 2, 0, -3, -4, -5]]])
    assert window_maxima(scores, 4, 3).tolist() == [[[5, 0, -5]]]
    assert window_maxima(scores, 2, 2).tolist() == [[[5, 2, -3, -5]]]
    assert window_maxima(scores, 16, 13).tolist() == [[[5]]]


def test_steps_and_counts():
    assert [window_step(size, 0.2) for size in (1, 2, 4, 8, 16)] == [1, 2, 4, 7, 13]
    assert window_step(2, 0.9) == 1
    assert [published_top_k(n) for n in (1, 14, 15, 60, 63, 64, 400)] == [
        1,
        14,
        15,
        15,
        15,
        16,
        100,
    ]


def test_top_k_given():
    scores = torch.randn(1, 40, CLASSES)
    best = integrate_windows(scores, (1,), top_k=1)
    assert torch.equal(best, scores.amax(dim=1))
    every = integrate_windows(scores, (1,), top_k=1000)
    torch.testing.assert_close(every, scores.mean(dim=1))


def test_attention_over_windows():
    scores, energies = torch.randn(1, 10, CLASSES), torch.randn(1, 10)
    result = integrate_windows(scores, (4,), 0.5, energies=energies)
    starts = range(0, 10, 2)
    maxima = torch.stack([scores[0, s : s + 4].amax(dim=0) for s in starts])
    weights = torch.stack([energies[0, s : s + 4].amax() for s in starts]).softmax(0)
    torch.testing.assert_close(result[0], (weights[:, None] * maxima).sum(dim=0))


def test_gradients():
    scores = torch.randn(2, 30, 3, dtype=torch.float64, requires_grad=True)
    energies = torch.randn(2, 30, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(integrate_windows, scores)
    assert torch.autograd.gradcheck(
        lambda s, e: integrate_windows(s, energies=e), (scores, energies)
    )


def test_memory_grows_linearly(peak_bytes):
    short, long = (
        peak_bytes(integrate_windows, torch.randn(1, t, 50)) for t in (4000, 16000)
    )
    assert 3.5 < long / short < 4.5


@pytest.fixture
def peak_bytes():
    """What torch holds at most during a call, of what the call allocates."""

    def measure(function, *arguments):
        with torch.profiler.profile(profile_memory=True) as profiler:
            function(*arguments)
        events = profiler.profiler.kineto_results.events()
        changes = sorted(
            (event.start_ns(), event.nbytes())
            for event in events
            if event.name() == '[memory]'
        )
        held = np.cumsum([size for _, size in changes])
        return held.max()

    return measure


@pytest.mark.parametrize(
    ('scores', 'options', 'message'),
    [
        ((1, 0, 5), {}, 'at least one snippet, got (1, 0, 5)'),
        ((7, 5), {}, 'scores must be (N, T, classes)'),
        ((1, 7, 5), dict(window_sizes=()), 'window_sizes must name at least one size'),
        ((1, 7, 5), dict(window_sizes=(2, 0)), 'every entry of window_sizes must be'),
        ((1, 7, 5), dict(overlap=1), 'overlap must be from 0 to below 1, got 1'),
        ((1, 7, 5), dict(top_k=0), 'window_top_k must be a whole number from 1 on'),
    ],
)
def test_what_does_not_fit_is_refused(scores, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        integrate_windows(torch.zeros(scores), **options)
