_base_ = [
    '../_base_/models/demo_two_stream_r18.py',
    '../_base_/datasets/correspondence_demo_3_snippets.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    stream_fusion=[dict(type='ConvFusion', stage='layer2', in_channels=128)],
    temporal_pooling=dict(type='TemporalConvPool3d', channels=128),
)
