"""What processes that a dataset starts have in common."""

import gc

import pytest
from decord import VideoReader
from small_videos import write_small_video

from tpn_tsn_plugin.datasets.workers import start_worker, worker_context


def collect():
    start_worker()
    gc.collect()


@pytest.mark.skipif(
    worker_context().get_start_method() != 'fork', reason='no process is forked here'
)
def test_forked_process_leaves_readers_of_its_parent_alone(tmp_path):
    """A reader that nothing refers to any more, but that is not yet collected."""
    video = tmp_path / 'clip.mp4'
    write_small_video(video)
    gc.disable()
    try:
        reader = VideoReader(str(video), num_threads=0)
        reader[2]
        cycle = [reader]
        cycle.append(cycle)
        del reader, cycle
        process = worker_context().Process(target=collect)
        process.start()
        process.join(60)
        assert process.exitcode == 0
    finally:
        gc.enable()
