"""Checkpoints of other projects, brought to the names of a config's model.

Each source format is a file (``mmaction2``, ``official_tpn``, ``torchvision``,
``tsn_pytorch``): where its keys come from, what they mean, and the rules that lead from
them to MMAction2's names. What MMAction2, this package and torchvision still name
differently meets in ``common_names``. ``conversion`` finds a value for each of the
model's weights and keeps account of every key, ``report`` prints the account, ``files``
reads and writes. Nothing here computes: where a source computes something that names
and shapes do not show, its format says so (``find_differences``).
"""
