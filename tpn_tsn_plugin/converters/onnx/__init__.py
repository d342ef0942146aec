"""Models as ONNX files, which run without PyTorch and MMAction2.

``inputs`` says what a graph takes, ``scoring`` what it computes (tensors alone, in
place of MMAction2's samples), ``export`` writes it with its ``metadata``, and
``comparison`` runs the file beside the model. ``sampling`` fixes the number of
snippets, ``dependencies`` says which package is missing.
"""
