"""Checkpoints of other projects come in, graphs for programs without PyTorch go out.

Coming in: each source format is a file (``mmaction2``, ``official_tpn``,
``torchvision``, ``tsn_pytorch``): where its keys come from, what they mean, and the
rules that lead from them to MMAction2's names. What MMAction2, this package and
torchvision still name differently meets in ``common_names``. ``conversion`` finds a
value for each of the model's weights and keeps account of every key, ``report`` prints
the account, ``files`` reads and writes. Nothing here computes: where a source computes
something that names and shapes do not show, its format says so (``find_differences``).

Going out: ``onnx``, which says for itself what its files are for.
"""
