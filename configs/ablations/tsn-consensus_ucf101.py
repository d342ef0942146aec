# Consensus functions of the TSN papers, three segments. The linear one is the "weighted
# averaging" of the ECCV paper; top-k and attention came with the TPAMI paper.
title = 'Consensus, TSN-BN-Inception, UCF101, split 1'
metric = 'acc/top1'
paper = 'ECCV 2016, Table 3'
baseline = 'average'

streams = {
    'RGB': 'tsn_imagenet-pretrained-bninception_8xb16-1x1x3-3500i_ucf101-rgb.py',
    'optical flow': 'tsn_imagenet-pretrained-bninception_8xb16-5x1x3-20000i_ucf101-'
    'flow.py',
}
head = 'model.cls_head'
functions = [
    ('maximum', ['type=MaxConsensus'], [], (85.0, 86.0)),
    ('average', [], [], (85.7, 87.9)),
    ('top-k, k = 2', ['type=TopKConsensus', 'k=2'], [], (None, None)),
    # Its weights belong to three segments, and 25 are tested.
    (
        'linear',
        ['type=LinearConsensus', 'num_segments=3'],
        ['type=AvgConsensus'],
        (86.2, 87.7),
    ),
    ('attention', ['type=AttentionConsensus', 'in_channels=1024'], [], (None, None)),
]
cells = [
    dict(
        row=row,
        column=column,
        config=f'../tsn/{config}',
        published=figures[i],
        options=[
            *(f'{head}.consensus.{option}' for option in training),
            *(f'{head}.test_consensus.{option}' for option in testing),
        ],
    )
    for i, (column, config) in enumerate(streams.items())
    for row, training, testing, figures in functions
]
