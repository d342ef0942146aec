_base_ = (
    'tsn_imagenet-pretrained-bninception_8xb16-1x1x7-13500i_activitynet-v1-2-rgb.py'
)

model = dict(cls_head=dict(consensus=dict(type='TopKConsensus', k=3)))
test_evaluator = dict(out_file='work_dirs/{{fileBasenameNoExtension}}.json')
