"""Models are built by name, as a runner builds them."""

import pytest
from mmengine.registry import init_default_scope

# Repairs MMAction2, which some test files import before anything of the plugin.
import tpn_tsn_plugin  # noqa: F401


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')
