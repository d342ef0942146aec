"""configs/tpn/README.md names every config, and its counts are those of the models."""

import re

import pytest
import torch

from tpn_tsn_plugin.registry import MODELS


@pytest.fixture(scope='module')
def readme(repo_root):
    return (repo_root / 'configs' / 'tpn' / 'README.md').read_text(encoding='utf-8')


def test_config_is_linked(tpn_path, readme):
    assert f']({tpn_path.name})' in readme


def test_links_lead_somewhere(readme, repo_root):
    for target in re.findall(r'\]\(([^)#]+\.py)\)', readme):
        assert (repo_root / 'configs' / 'tpn' / target).is_file(), target


def test_parameters_are_those_of_the_model(tpn_path, readme, read):
    (stated,) = re.findall(rf'`{tpn_path.stem}` \| \S+ \| ([\d.]+) M', readme)
    with torch.device('meta'):
        model = MODELS.build(read(tpn_path).model)
    assert stated == f'{sum(p.numel() for p in model.parameters()) / 1e6:.2f}'
