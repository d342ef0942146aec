title = 'Temporal pooling, convolution fusion, three snippets, correspondence task'
metric = 'acc/top1'
baseline = '2D pooling'
parameters = True

data = 'r18_1xb16-6x1x3-12e_correspondence-demo-rgb-flow'
cells = [
    dict(
        row=row,
        column='test top-1',
        config=f'../two_stream/two-stream-conv-{pooling}_{data}.py',
    )
    for row, pooling in [
        ('2D pooling', 'pool2d'),
        ('3D pooling', 'pool3d'),
        ('3D convolution and pooling', 'convpool3d'),
    ]
]
