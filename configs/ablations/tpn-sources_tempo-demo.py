_base_ = 'tpn-sources_kinetics400.py'

title = 'Sources of features, SlowOnly-R18 8×4, demo data'
paper = 'paper, Table 6a, Kinetics-400'

demo = {
    _base_.none: '../demo/slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    _base_.pyramid: '../demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
}
# Its stages have an eighth of the channels.
channels = 'model.neck.in_channels='
narrow = {
    f'{channels}(256, 512, 1024, 2048)': f'{channels}(32, 64, 128, 256)',
    f'{channels}(512, 1024, 2048)': f'{channels}(64, 128, 256)',
    f'{channels}(1024, 2048)': f'{channels}(128, 256)',
    f'{channels}2048': f'{channels}256',
}
cells = [
    dict(
        cell,
        config=demo[cell['config']],
        options=[narrow.get(option, option) for option in cell.get('options', [])],
    )
    for cell in _base_.cells
]
