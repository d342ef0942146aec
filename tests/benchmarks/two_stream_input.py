"""Two-stream training input: frames and their optical flow per second and core.

    python tests/benchmarks/two_stream_input.py --rounds 7 --json two_stream_input.json

A sample has RGB frames and L = 10 fields a snippet, out of the clips of
../shared/media; 64 snippets begin at neighbouring frames. The plugin computes the
fields (DIS) of frames that it decodes from the video or from JPEG files; MMAction2's
transforms read the same frames, and fields that ``extract-flow`` wrote before, from
JPEG files, once for RGB and once for fields, as it has no pipeline of both. All take
turns on one thread in one process; both make crops of 224 as TSN does. What counts is
processor time of all threads. A "frame" is an RGB frame that a network is given, with
the fields that belong to it: a stack of ten for one frame a snippet, one field for a
clip whose frames are all kept.

What DIS loses at which parameters says ``dis_presets.py``.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial
from pathlib import Path

import decord
import numpy as np
from dis_presets import LONG, PRESETS, spread
from one_thread import keep, use_one_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from known_motions import MEDIA

from tpn_tsn_plugin.datasets.extraction import ExtractionOptions, Video, extract
from tpn_tsn_plugin.datasets.transforms import (
    SegmentSampleFrames,
    StridedSampleFrames,
)
from tpn_tsn_plugin.registry import TRANSFORMS

LENGTH = 10
SIZE = dict(type='Resize', scale=(340, 256), keep_ratio=False)
CROP = dict(
    type='MultiScaleCrop',
    input_size=224,
    scales=(1, 0.875, 0.75, 0.66),
    random_crop=False,
    max_wh_scale_gap=1,
)
LAST_SIZE = dict(type='Resize', scale=(224, 224), keep_ratio=False)
# What a transform's time counts as.
PARTS = {
    'DecordInit': 'decode',
    'DecordDecode': 'decode',
    'DecordInitInPlace': 'decode',
    'DecordDecodeOnce': 'decode',
    'RawFrameDecode': 'decode',
    'GreyRawFrameDecode': 'decode',
    'ComputeOpticalFlow': 'optical flow',
    'FormatTwoStreams': 'copy',
    'FormatShape': 'copy',
    'PackActionInputs': 'copy',
}
CROPS = 'crop'
# Where frames come from, parameters of DIS, and whether crops are cut before it.
VARIANTS = [
    ('video', 'default', False),
    ('video', 'fast', True),
    ('video', 'eighth', True),
    ('JPEG', 'fast', True),
    ('JPEG', 'eighth', False),
    ('JPEG', 'eighth', True),
]
# Snippets of a video, fields of each, and RGB frames that are kept of it.
SAMPLES = {
    'a frame and ten fields, K = 1': (1, LENGTH, 'centre'),
    'a frame and ten fields, K = 3': (3, LENGTH, 'centre'),
    '64 frames, each with ten fields': (64, LENGTH, 'centre'),
    'clip of ten frames and fields': (1, LENGTH, 'all'),
    'clip of 64 frames and fields': (1, 64, 'all'),
}


def plugin(source, preset, keep_rgb, crop_first):
    """Our pipeline, from a video or from JPEG files of its frames."""
    decode = {
        'video': [dict(type='DecordInitInPlace'), dict(type='DecordDecodeOnce')],
        'JPEG': [dict(type='GreyRawFrameDecode', keep_rgb=keep_rgb)],
    }[source]
    flow = dict(
        type='ComputeOpticalFlow',
        algorithm='dis',
        keep_rgb=keep_rgb,
        parameters=PRESETS[preset],
    )
    middle = [CROP, flow] if crop_first else [flow, CROP]
    shape = 'NCTHW' if keep_rgb == 'all' else 'NCHW'
    return build(
        *decode,
        SIZE,
        *middle,
        LAST_SIZE,
        dict(type='OpticalFlowFlip', flip_ratio=0.5),
        dict(type='FormatTwoStreams', input_format=shape),
        dict(type='PackActionInputs', collect_keys=('imgs', 'flow_imgs')),
    )


def theirs(keep_rgb, source='JPEG'):
    """MMAction2's pipeline; from JPEG files the same for frames and for fields."""
    decode = {
        'video': [dict(type='DecordInit'), dict(type='DecordDecode')],
        'JPEG': [dict(type='RawFrameDecode')],
    }[source]
    return build(
        *decode,
        SIZE,
        CROP,
        LAST_SIZE,
        dict(type='Flip', flip_ratio=0.5),
        dict(
            type='FormatShape',
            input_format='NCTHW' if keep_rgb == 'all' else 'NCHW',
        ),
        dict(type='PackActionInputs'),
    )


def build(*steps):
    return [TRANSFORMS.build(step) for step in steps]


def run(steps, results, parts):
    """One sample; adds the seconds of each part."""
    for step in steps:
        start = time.process_time()
        results = step(results)
        part = PARTS.get(type(step).__name__, CROPS)
        parts[part] += time.process_time() - start
    return results


class Clip:
    """A video, and the folder of its frames and fields."""

    def __init__(self, name, folder):
        self.video = MEDIA / name
        self.folder = folder / self.video.stem
        self.total = len(decord.VideoReader(str(self.video), num_threads=1))

    def sample(self, source, indices, clip_len, snippets, modality='RGB'):
        """What a pipeline is given; indices count from 0."""
        results = dict(
            label=0,
            modality=modality,
            frame_inds=indices.copy(),
            clip_len=clip_len,
            num_clips=snippets,
            frame_interval=1,
        )
        if source == 'video':
            return dict(results, filename=str(self.video))
        name = 'img_{:05}.jpg' if modality == 'RGB' else 'flow_{}_{:05}.jpg'
        return dict(
            results,
            frame_dir=str(self.folder),
            filename_tmpl=name,
            frame_inds=indices + 1,
            total_frames=self.total,
        )


def candidates(keep_rgb):
    """Runs of a sample by name: from a clip and its snippets' frames."""
    readers = {source: theirs(keep_rgb, source) for source in ('JPEG', 'video')}

    def mmaction2(clip, indices, parts, source='JPEG'):
        fields, snippets = indices[:, :-1], len(indices)
        centre = fields.shape[1] // 2
        kept = fields if keep_rgb == 'all' else indices[:, centre : centre + 1]
        for inds, modality in ((kept, 'RGB'), (fields, 'Flow')):
            file = 'JPEG' if modality == 'Flow' else source
            given = clip.sample(file, inds.ravel(), inds.shape[1], snippets, modality)
            run(readers[file], given, parts)

    found = {
        'MMAction2, JPEG': mmaction2,
        'MMAction2, RGB from video': partial(mmaction2, source='video'),
    }
    for source, preset, crop_first in VARIANTS:
        steps = plugin(source, preset, keep_rgb, crop_first)

        def ours(clip, indices, parts, steps=steps, source=source):
            count, length = indices.shape
            run(steps, clip.sample(source, indices.ravel(), length, count), parts)

        order = ', crop first' if crop_first else ''
        found[f'plugin, {source}, {preset}{order}'] = ours
    return found


def measure(clips, sample, rounds):
    """Seconds by candidate, round and part; and frames of a round."""
    snippets, length, keep_rgb = SAMPLES[sample]
    # As many snippets as 64 begin at neighbouring frames, and share most of theirs.
    dense = snippets > 3
    sampler = (
        StridedSampleFrames(length + 1, snippets, stride=1)
        if dense
        else SegmentSampleFrames(length + 1, snippets)
    )
    runs = candidates(keep_rgb)
    taken = {name: [] for name in runs}
    needed = length + snippets if dense else length * snippets
    clips = [clip for clip in clips if clip.total > needed]
    for number in range(-1, rounds):
        np.random.seed(number + 1)
        chosen = []
        for clip in clips:
            results = sampler(dict(total_frames=clip.total, start_index=0))
            chosen.append((clip, results['frame_inds'].reshape(snippets, -1)))
        for name, function in runs.items():
            np.random.seed(number + 1)
            random.seed(number + 1)
            parts = defaultdict(float)
            for clip, indices in chosen:
                function(clip, indices, parts)
            if number >= 0:  # the first reads files into memory
                taken[name].append(dict(parts))
    kept = length if keep_rgb == 'all' else 1
    return taken, kept * snippets * len(clips)


def print_sample(sample, taken, frames):
    first = next(iter(taken.values()))
    base = [sum(parts.values()) for parts in first]
    columns = ('decode', 'optical flow', CROPS, 'copy')
    print(f'\n| {sample} | frames/s and core | times MMAction2 ', end='')
    print(f'| {" | ".join(columns)} |')
    print('|---|---:|---:|---:|---:|---:|---:|')
    for name, rows in taken.items():
        sums = [sum(parts.values()) for parts in rows]
        ratios = [a / b for a, b in zip(base, sums, strict=True)]
        shares = [
            sum(parts.get(column, 0) for parts in rows) / sum(sums)
            for column in columns
        ]
        print(
            f'| {name} | {spread([frames / own for own in sums], 1)} '
            f'| {spread(ratios, 2)} | {" | ".join(f"{s:.0%}" for s in shares)} |',
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--clips', nargs='*', default=LONG)
    parser.add_argument('--samples', nargs='*', default=list(SAMPLES))
    parser.add_argument('--json', type=Path, help='where all figures go')
    options = parser.parse_args()
    use_one_thread()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        videos = [Video(MEDIA / name, Path(name).stem) for name in options.clips]
        kind = ExtractionOptions('dis', frames=True, parameters=PRESETS['ultrafast'])
        extract(videos, Path(folder), kind, workers=1)
        clips = [Clip(name, Path(folder)) for name in options.clips]
        for sample in options.samples:
            taken, frames = measure(clips, sample, options.rounds)
            print_sample(sample, taken, frames)
            found[sample] = dict(seconds=taken, frames=frames)
    keep(options.json, samples=found)


if __name__ == '__main__':
    main()
