"""The cost model: hours by hand-computed values."""

import pytest
from cost_model import (
    Collection,
    efficiency,
    epoch_hours,
    hours_of_work,
    step_seconds,
    video_seconds,
)


def test_frames_and_fields_of_kinetics():
    kinetics = Collection(videos=240_000, seconds=10, fps=30)
    assert kinetics.frames == 72_000_000
    assert kinetics.fields == 240_000 * 299


def test_work_is_shared_by_cores():
    # 7,200 frames at 2 a second are an hour; half of it on two cores.
    assert hours_of_work(7200, 2) == 1
    assert hours_of_work(7200, 2, cores=2) == 0.5


@pytest.mark.parametrize(
    ('processes', 'seconds'), [(1, 1.0), (2, 1.2), (4, 1.3), (1000, 1.3996)]
)
def test_step_of_a_ring(processes, seconds):
    """Two take 0.2 s longer: 0.4 s times (n - 1) / n."""
    assert step_seconds(processes, 1.0, 1.2) == pytest.approx(seconds)
    assert efficiency(processes, 1.0, 1.2) == pytest.approx(1 / seconds)


def test_two_processes_that_are_faster_by_chance_cost_nothing():
    assert step_seconds(8, 1.0, 0.9) == 1.0


@pytest.mark.parametrize(
    ('options', 'seconds'),
    [
        ({}, 0.5),
        (dict(workers=1), 0.3),
        (dict(workers=2), 0.2),
        (dict(workers=2, free_cores=False), 0.5),
    ],
)
def test_loading_beside_the_model(options, seconds):
    assert video_seconds(0.2, 0.3, **options) == pytest.approx(seconds)


def test_hours_of_an_epoch():
    # 36,000 videos of 0.1 s are an hour; on two machines at 80 %, 0.625 hours.
    assert epoch_hours(36_000, 0.1) == pytest.approx(1)
    assert epoch_hours(36_000, 0.1, machines=2, reached=0.8) == pytest.approx(0.625)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: Collection(0, 10, 30), 'videos must be .*, got 0'),
        (lambda: Collection(1, -1, 30), 'seconds must be a number above 0, got -1'),
        (lambda: Collection(1, 1, float('nan')), 'fps must be .*, got nan'),
        (lambda: hours_of_work(1, 0), 'rate must be a number above 0, got 0'),
        (lambda: hours_of_work(1, 1, cores=0), 'cores must be .*, got 0'),
        (lambda: step_seconds(2, 0, 1), 'alone must be a number above 0, got 0'),
        (lambda: video_seconds(1, 1, workers=-1), 'workers must be 0 or more, got -1'),
        (lambda: epoch_hours(1, 1, reached=0), 'reached must be .* above 0, got 0'),
    ],
)
def test_impossible_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
