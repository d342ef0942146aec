"""Speed of extraction beside MMAction2's own tool, in turns, in one process.

    python tests/benchmarks/extraction.py arm_wrestling.mp4 --frames 20 --runs 5

Theirs is ``tools/misc/flow_extraction.py`` of the installed MMAction2, called as its
command line calls it. Frames per second and core are the fields of all clips by the
seconds that all threads of this process have computed, so that nothing is gained by
using more cores: their tool lets OpenCV take all of them, an extraction has one process
a core. Start-up is not counted. Prints medians, the lowest and highest rate, and ratios
of medians.
"""

import argparse
import contextlib
import importlib.util
import io
import os
import platform
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import decord
import mmaction

from tpn_tsn_plugin.datasets.extraction import ExtractionOptions, Video, extract
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

TOOL = Path(mmaction.__file__).parent / '.mim' / 'tools' / 'misc' / 'flow_extraction.py'


def load_tool():
    """Their script as a module."""
    spec = importlib.util.spec_from_file_location('flow_extraction', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shorten(clip, frames, folder):
    """The first frames of a clip, as a clip."""
    reader = decord.VideoReader(str(clip))
    count = min(frames or len(reader), len(reader))
    short = folder / f'{clip.stem}.mp4'
    write_video(short, reader.get_batch(range(count)).asnumpy(), fps=25)
    return short, count - 1


def theirs(clips, out):
    tool = load_tool()
    for clip in clips:
        # As their main function calls it for one video.
        tool.extract_dense_flow(
            str(clip), str(out / clip.stem), 20, False, 1, method='tvl1'
        )


def ours(clips, out, algorithm):
    videos = [Video(clip, clip.stem) for clip in clips]
    outcome = extract(videos, out, ExtractionOptions(algorithm), workers=1)
    if outcome.faults:
        raise ValueError(f'not extracted: {outcome.faults}')


def core_seconds(function, clips):
    """Seconds of all cores together, and of the clock."""
    out = Path(tempfile.mkdtemp(prefix='extraction-'))
    clock, start = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        function(clips, out)
    taken = time.process_time() - start, time.perf_counter() - clock
    shutil.rmtree(out)
    return taken


def spread(values):
    digits = 1 if statistics.median(values) >= 10 else 3
    low, middle, high = (f(values) for f in (min, statistics.median, max))
    return f'{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', type=Path, nargs='+')
    parser.add_argument('--runs', type=int, default=5, help='counted runs of each')
    parser.add_argument('--frames', type=int, help='of each clip; default all')
    arguments = parser.parse_args()
    tools = {
        "MMAction2's tool, TV-L1": theirs,
        'extract-flow, TV-L1': lambda clips, out: ours(clips, out, 'tvl1'),
        'extract-flow, DIS': lambda clips, out: ours(clips, out, 'dis'),
    }
    with tempfile.TemporaryDirectory() as folder:
        made = [shorten(c, arguments.frames, Path(folder)) for c in arguments.clips]
        clips, fields = [clip for clip, _ in made], sum(count for _, count in made)
        rates = {name: [] for name in tools}
        waits = {name: [] for name in tools}
        core_seconds(tools['extract-flow, DIS'], clips)
        for _ in range(arguments.runs):
            for name, function in tools.items():
                busy, clock = core_seconds(function, clips)
                rates[name].append(fields / busy)
                waits[name].append(fields / clock)
    print(
        f'OpenCV {cv2.__version__}, {platform.machine()}, {os.cpu_count()} cores, '
        f'{len(clips)} clips, {fields} fields, {arguments.runs} runs\n'
    )
    print('| | frames per second and core | ratio | frames per second, one process |')
    print('|---|---|---|---|')
    base = statistics.median(next(iter(rates.values())))
    for name, values in rates.items():
        ratio = statistics.median(values) / base
        print(f'| {name} | {spread(values)} | {ratio:.2f} | {spread(waits[name])} |')


if __name__ == '__main__':
    main()
