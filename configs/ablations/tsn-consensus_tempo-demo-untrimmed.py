_base_ = 'tsn-consensus_tempo-demo.py'

title = 'Consensus and number of segments, untrimmed videos, RGB difference'
metric = 'acc/mean_ap'

cells = [
    dict(cell, config=cell['config'].replace('tempo-demo', 'tempo-demo-untrimmed'))
    for cell in _base_.cells
]
