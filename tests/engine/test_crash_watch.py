"""A worker that crashes: its video is named, and later runs keep away from it."""

import ctypes
import faulthandler
import json
import os
import signal
import time
from types import SimpleNamespace

import pytest
from bad_video_run import Seen, make_runner
from broken_videos import write_good
from mmcv.transforms import BaseTransform
from torch.utils.data import DataLoader, Dataset

from tpn_tsn_plugin.engine.bad_videos.crash_watch import CrashWatch
from tpn_tsn_plugin.errors import BadVideoError
from tpn_tsn_plugin.registry import TRANSFORMS


class Crashing(Dataset):
    """Videos whose preparation may end the process."""

    def __init__(self, folder, watch, crash):
        self.watch, self.crash = watch, crash
        self.paths = [str(folder / f'v{i}.mp4') for i in range(12)]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with self.watch.in_hand(self.paths[index]):
            if index == 7:
                self.crash()
            return index


def segfault():
    # pytest's would fill the screen.
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)


@TRANSFORMS.register_module()
class CrashingDecoder(BaseTransform):
    """Native code that reads where nothing is, at one video."""

    def transform(self, results):
        if results['filename'].endswith('v7.mp4'):
            faulthandler.disable()
            ctypes.string_at(0)
        return results


def terminated():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise ValueError('no video')


@pytest.fixture
def loop_of(tmp_path):
    """Makes a loop over 12 videos, watched."""
    for i in range(12):
        (tmp_path / f'v{i}.mp4').touch()

    def make(crash, workers):
        watch = CrashWatch(tmp_path / 'crashes.jsonl', workers)
        loader = DataLoader(Crashing(tmp_path, watch, crash), 2, num_workers=workers)
        loop = SimpleNamespace(run=lambda: [x for batch in loader for x in batch])
        watch.watch(loop)
        return loop

    return make


@pytest.mark.parametrize('workers', [1, 2])
def test_a_crash_names_its_video_and_the_next_run_keeps_away(
    loop_of, tmp_path, workers
):
    with pytest.raises(BadVideoError, match=r'v7.mp4 has crashed its decoder.*resume'):
        loop_of(segfault, workers).run()
    (line,) = (tmp_path / 'crashes.jsonl').read_text().splitlines()
    assert json.loads(line)['path'] == str(tmp_path / 'v7.mp4')
    with pytest.raises(BadVideoError, match='its decoder has crashed before'):
        loop_of(lambda: None, workers).run()
    # Once it is mended nothing speaks against it.
    (tmp_path / 'v7.mp4').write_text('new')
    assert len(loop_of(lambda: None, workers).run()) == 12


@pytest.mark.parametrize('crash', [terminated, fail])
def test_other_ends_are_not_the_videos_fault(loop_of, tmp_path, crash):
    with pytest.raises((RuntimeError, OSError, ValueError)) as caught:
        loop_of(crash, 1).run()
    assert not isinstance(caught.value, BadVideoError)
    assert not (tmp_path / 'crashes.jsonl').exists()


def test_no_workers(loop_of):
    assert len(loop_of(lambda: None, 0).run()) == 12


def test_record_with_a_torn_line(loop_of, tmp_path):
    (tmp_path / 'crashes.jsonl').write_bytes(b'[]\n{"path": 3}\n\xff{"path": "v7.')
    assert len(loop_of(lambda: None, 0).run()) == 12


def test_training_past_a_decoder_that_crashes(tmp_path):
    """It ends by a line that names the video; the next run trains with all others."""
    videos = [f'v{i}.mp4' for i in range(12)]
    for name in videos:
        write_good(tmp_path / name)
    (tmp_path / 'all.txt').write_text(''.join(f'{name} 0\n' for name in videos))
    options = dict(workers=1, augment=[dict(type='CrashingDecoder')])
    with pytest.raises(BadVideoError, match=r'v7.mp4 has crashed its decoder'):
        make_runner(tmp_path, tmp_path / 'run', **options).train()
    runner = make_runner(tmp_path, tmp_path / 'run', **options)
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    assert len(seen.names) == 12
    assert set(seen.names) <= {f'v{i}' for i in range(12) if i != 7}
    (line,) = (tmp_path / 'run' / 'bad_videos.jsonl').read_text().splitlines()
    assert json.loads(line)['path'] == str(tmp_path / 'v7.mp4')
    assert json.loads(line)['reason'].endswith('its decoder has crashed before')
