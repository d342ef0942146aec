_base_ = 'tpn-information-flow_kinetics400.py'

title = 'Information flow, TPN-SlowOnly-R18 8×4, demo data'
paper = 'paper, Table 6c, Kinetics-400'

pyramid = '../demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'
cells = [dict(cell, config=pyramid) for cell in _base_.cells]
