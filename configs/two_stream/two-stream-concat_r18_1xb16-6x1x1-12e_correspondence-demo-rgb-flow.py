_base_ = [
    '../_base_/models/demo_two_stream_r18.py',
    '../_base_/datasets/correspondence_demo.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    stream_fusion=[dict(type='ConcatFusion', stage='layer2')],
    cls_head=dict(in_channels=256),
)
