"""Weights of image classifiers: torchvision's ResNet and VGG, and BN-Inception.

Source: pytorch/vision, ``torchvision/models/resnet.py`` (``conv1``, ``bn1``,
``layer1.0.conv1``, ``layer1.0.downsample.0``, ``fc``) and ``vgg.py`` (``features.0``,
``classifier.0``, ``.3``, ``.6``); BN-Inception as the TSN authors publish it
(``conv1_7x7_s2``, ``inception_3a_1x1``, …), from which tsn-pytorch and TSM's code
start. A file holds the backbone alone: there is nothing for neck and head, so that
bringing it to a whole recogniser is always partial.
"""

from .source_format import Rule, SourceFormat

TORCHVISION = SourceFormat(
    name='torchvision',
    what="image models: torchvision's ResNet and VGG, the TSN authors' BN-Inception",
    example='layer1.0.conv1.weight',
    sign=r'(conv1|features\.0|conv1_7x7_s2)\.weight$',
    rules=(Rule('', 'backbone.'),),
    is_image_model=True,
)
