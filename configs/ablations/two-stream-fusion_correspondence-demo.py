title = 'Stream fusion, correspondence task'
metric = 'acc/top1'
baseline = 'late fusion'
parameters = True

data = 'r18_1xb16-6x1x1-12e_correspondence-demo'
cells = [
    dict(row=row, column='test top-1', config=f'../two_stream/{config}.py')
    for row, config in [
        ('RGB alone', 'tsn_r18_1xb16-1x1x1-12e_correspondence-demo-rgb'),
        ('optical flow alone', f'tsn_{data}-flow'),
        ('late fusion', f'two-stream-late_{data}-rgb-flow'),
        ('sum', f'two-stream-sum_{data}-rgb-flow'),
        ('maximum', f'two-stream-max_{data}-rgb-flow'),
        ('concatenation', f'two-stream-concat_{data}-rgb-flow'),
        ('convolution', f'two-stream-conv_{data}-rgb-flow'),
        ('bilinear', f'two-stream-bilinear_{data}-rgb-flow'),
    ]
]
