_base_ = 'tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'

model = dict(neck=dict(information_flow='cascade'))
