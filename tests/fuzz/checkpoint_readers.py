"""Readers of checkpoints, and of the configs of models."""

import atexit
import io
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mutations import ODD
from reader import Evil, Reader, to_config
from torch import nn

from tpn_tsn_plugin.analysis.trained_model import build_model, load_model, read_config
from tpn_tsn_plugin.cli.convert import _meta as describe_conversion
from tpn_tsn_plugin.converters.conversion import convert
from tpn_tsn_plugin.converters.files import read_source, write_checkpoint
from tpn_tsn_plugin.converters.formats import FORMATS, recognise
from tpn_tsn_plugin.converters.report import summary, to_dict
from tpn_tsn_plugin.engine.hooks import CrossModalityInitHook
from tpn_tsn_plugin.functional.weight_names import canonical_name
from tpn_tsn_plugin.models.backbones.staged_backbone import load_pretrained
from tpn_tsn_plugin.registry import MODELS

sys.path.append(str(Path(__file__).parents[1] / 'engine'))
from two_layers import make_runner

BACKBONE = dict(
    type='ResNet3dSlowOnly',
    depth=18,
    num_stages=1,
    spatial_strides=(1,),
    temporal_strides=(1,),
    dilations=(1,),
    out_indices=(0,),
    base_channels=4,
    pretrained=None,
    lateral=False,
    inflate=(0,),
    conv1_kernel=(1, 7, 7),
)
MODEL = dict(
    type='Recognizer3D',
    backbone=BACKBONE,
    cls_head=dict(type='I3DHead', num_classes=3, in_channels=4),
)
HUB = dict(log_scalars={'loss': HistoryBuffer([1.0], [1])}, runtime_info={'iter': 2})
META = dict(epoch=1, iter=2, cfg='x = 1', dataset_meta=dict(classes=['a', 'b']))
# MMEngine reads it as a config, which is a program.
RUNS = dict(config="open('ran', 'w')")
ODD_WEIGHTS = [
    *ODD,
    Evil(),
    torch.tensor(1.0),
    torch.ones(2, 3),
    torch.empty(0),
    torch.ones(4, 3, 1, 7, 7),
    torch.full((4,), torch.nan),
    torch.ones(4, dtype=torch.complex64),
    torch.ones(4, dtype=torch.bool),
    torch.ones(4, 3, 1, 7, 7).to_sparse(),
    torch.ones(4, 3, 7, 7, device='meta'),
    nn.Parameter(torch.ones(4)),
    # Says that it holds far more numbers than the file does.
    torch.zeros(1).expand(4, 1_000_000, 1_000, 1_000),
]


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


@cache
def config() -> Config:
    return Config(dict(model=MODEL))


@cache
def model() -> nn.Module:
    torch.manual_seed(0)
    return build_model(config())


@cache
def optical_flow_backbone() -> nn.Module:
    init_default_scope('mmaction')
    return MODELS.build(dict(BACKBONE, in_channels=10))


def sources() -> dict[str, dict[str, Any]]:
    """The same weights under the names of each format."""
    own = model().state_dict()
    named: dict[str, dict[str, Any]] = {name: {} for name in FORMATS}
    for name, value in own.items():
        named['mmaction2'][name] = value
        if name.startswith('cls_head.'):
            end = name.removeprefix('cls_head.fc_cls.')
            named['tsn-pytorch'][f'module.new_fc.{end}'] = value
            named['torchvision'][f'fc.{end}'] = value
            named['official-tpn'][name] = value
            continue
        plain = canonical_name(name)
        value = value[:, :, 0] if value.ndim == 5 else value
        named['tsn-pytorch'][f'module.base_model.{plain}'] = value
        named['torchvision'][plain] = value
        named['official-tpn'][f'backbone.{plain}'] = value
    named['official-tpn']['necks.downsampling_ops.0.conv.weight'] = torch.ones(2)
    return named


def converted(name: str | None) -> Callable[[Path], Any]:
    """Bring a checkpoint to the model, as ``tpn-tsn convert --partial`` does."""

    def read(path: Path) -> Any:
        source = read_source(path)
        kind = FORMATS[name] if name else recognise(source.weights, str(path))
        found = convert(source.weights, model(), kind, filename=str(path))
        meta = describe_conversion(found, Path('config.py'))
        out = path.with_name('new.pth')
        write_checkpoint(out, found.weights, source, meta)
        # What is written can be read.
        torch.load(out, weights_only=True)
        return summary(found), to_dict(found)

    return read


def through_hook(path: Path) -> Any:
    parts = nn.Module()
    parts.add_module('backbone', optical_flow_backbone())
    runner = SimpleNamespace(
        model=parts, iter=0, logger=logging.getLogger('fuzz'), _load_from=None
    )
    runner.logger.disabled = True
    return CrossModalityInitHook(str(path)).before_train(runner)


def as_pretrained(path: Path) -> Any:
    return load_pretrained(model().backbone, str(path))


def checkpoint_reader(
    name: str, read: Callable[[Path], Any], weights: dict[str, Any]
) -> Reader:
    """A reader of checkpoints, of weights with other entries and alone."""
    return Reader(
        name,
        read,
        [saved(dict(state_dict=weights), _use_new_zipfile_serialization=False)],
        hostile=[
            saved(dict(state_dict=weights, meta=Evil())),
            saved(Evil(), _use_new_zipfile_serialization=False),
        ],
        values=[dict(state_dict=weights, meta=META, message_hub=HUB), weights],
        dump=saved,
        odd=ODD_WEIGHTS,
    )


@cache
def runner(phase: str) -> Runner:
    """One that has got as far as to the loading of a checkpoint."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    own = make_runner(folder, phase)
    if phase == 'train':
        own._train_loop = own.build_train_loop(own._train_loop)
        own.optim_wrapper = own.build_optim_wrapper(own.optim_wrapper)
        own.param_schedulers = own.build_param_scheduler(own.param_schedulers)
    else:
        own._test_loop = own.build_test_loop(own._test_loop)
    own.call_hook('before_run')
    return own


def through_runner(phase: str, resume: bool = False) -> Callable[[Path], Any]:
    """Load or resume, as ``mim train`` and ``mim test`` do."""

    def read(path: Path) -> Any:
        own = runner(phase)
        own._load_from, own._resume, own._has_loaded = str(path), resume, False
        return own.load_or_resume()

    return read


@cache
def trained() -> dict[str, Any]:
    """What a training has saved."""
    own = runner('train')
    own.save_checkpoint(own.work_dir, 'own.pth', meta=dict(epoch=1, iter=1))
    return torch.load(Path(own.work_dir, 'own.pth'), weights_only=False)


def runner_reader(name: str, phase: str, resume: bool = False) -> Reader:
    """A reader of checkpoints by MMEngine's runner with ``CheckWeightsHook``."""
    return Reader(
        name,
        through_runner(phase, resume),
        hostile=[
            saved(dict(state_dict=trained()['state_dict'], meta=Evil())),
            saved(trained() | dict(meta=trained()['meta'] | RUNS)),
        ],
        values=[trained()],
        dump=saved,
        odd=ODD_WEIGHTS,
        share=0.5,
    )


def built(path: Path) -> Any:
    return build_model(read_config(path))


# Nothing here may make a model that fills the memory.
MODEL_FILE = dict(
    default_scope='mmaction',
    custom_imports=dict(imports=['tpn_tsn_plugin'], allow_failed_imports=False),
    model=MODEL,
)
SOURCES = sources()
CHECKPOINT_READERS = [
    checkpoint_reader('checkpoint.pth', converted(None), SOURCES['mmaction2']),
    *(
        checkpoint_reader(f'{name}.pth', converted(name), SOURCES[name])
        for name in FORMATS
        if name != 'mmaction2'
    ),
    checkpoint_reader(
        'trained.pth', lambda path: load_model(config(), path), SOURCES['mmaction2']
    ),
    checkpoint_reader('rgb.pth', through_hook, SOURCES['torchvision']),
    checkpoint_reader('pretrained.pth', as_pretrained, SOURCES['torchvision']),
    runner_reader('load_from.pth', 'train'),
    runner_reader('resume.pth', 'train', resume=True),
    runner_reader('test.pth', 'test'),
    Reader('config.py', read_config, [b'model = dict(type="A", x=[1, 2])\nlr = 0.1\n']),
    Reader('model.py', built, values=[MODEL_FILE], dump=to_config),
    Reader('model.json', built, values=[MODEL_FILE]),
]
