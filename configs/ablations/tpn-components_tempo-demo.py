_base_ = 'tpn-components_kinetics400.py'

title = 'Components, TPN-SlowOnly-R18 8×4, demo data'
paper = 'paper, Table 6b, Kinetics-400'

demo = {
    _base_.none: '../demo/slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    _base_.pyramid: '../demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
}
cells = [dict(cell, config=demo[cell['config']]) for cell in _base_.cells]
