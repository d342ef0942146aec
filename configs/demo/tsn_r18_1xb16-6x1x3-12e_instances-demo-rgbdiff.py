# Trained on clips that an action fills; tested on clips in which it starts and ends, to
# measure its tempo (`tpn-tsn tempo`).
_base_ = '../tsn/tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'

test_dataloader = dict(
    dataset=dict(type='InstancesDemoDataset', data_root='work_dirs/demo_data/instances')
)
