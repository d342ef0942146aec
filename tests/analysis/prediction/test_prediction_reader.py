"""Reading what windows need: each frame once, and no further ahead than needed."""

from dataclasses import dataclass

import numpy as np
import pytest

from tpn_tsn_plugin.analysis.prediction.reader import stream


@dataclass
class Part:
    frames: np.ndarray


class Counted:
    """A video whose frames are their numbers; notes what is decoded."""

    def __init__(self):
        self.decoded = []

    def __getitem__(self, index):
        self.decoded.append(index)
        return index


def read(parts):
    video = Counted()
    found = list(stream(video, (Part(np.array(frames)) for frames in parts)))
    return [frames for _, frames in found], video.decoded


@pytest.mark.parametrize(
    'parts',
    [
        [[0, 1, 2], [3, 4]],
        [[0, 4, 8], [2, 6, 10], [4, 8, 12]],
        [[0, 9], [1, 2], [3, 3], [12]],
        [[2, 0, 1, 1], [5, 5]],
        [[7]],
    ],
)
def test_parts_get_their_frames_and_each_is_decoded_once_in_order(parts):
    frames, decoded = read(parts)
    assert frames == parts
    assert decoded == sorted({index for part in parts for index in part})


def test_reading_does_not_run_ahead():
    """What is held does not grow with the length of a video."""
    video, planned = Counted(), []

    def parts():
        for number in range(1000):
            planned.append(number)
            yield Part(np.array([10 * number, 10 * number + 15]))

    for number, _ in enumerate(stream(video, parts())):
        assert len(planned) <= number + 4
        assert video.decoded[-1] <= 10 * number + 15
