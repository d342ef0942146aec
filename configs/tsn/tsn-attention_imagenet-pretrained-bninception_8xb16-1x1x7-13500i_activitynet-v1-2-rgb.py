_base_ = (
    'tsn_imagenet-pretrained-bninception_8xb16-1x1x7-13500i_activitynet-v1-2-rgb.py'
)

attention = dict(in_channels=1024)
model = dict(
    cls_head=dict(
        consensus=dict(type='AttentionConsensus', **attention),
        test_consensus=dict(window_pooling='attention', **attention),
    )
)
test_evaluator = dict(out_file='work_dirs/{{fileBasenameNoExtension}}.json')
