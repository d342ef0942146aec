# Untrimmed videos of 20 to 36 seconds: several actions, a short one, one that fills the
# video, or background alone. One multi-label list to train with, one to test with.
_base_ = 'tempo_demo_tsn_rgbdiff.py'

untrimmed = dict(
    data_root='work_dirs/demo_data/untrimmed',
    num_videos=dict(train=0, val=0, test=0, untrimmed_train=480, untrimmed=120),
)
train_dataloader = dict(dataset=dict(untrimmed, split='untrimmed_train'))
val_dataloader = dict(dataset=dict(untrimmed, split='untrimmed'))
test_dataloader = dict(dataset=dict(untrimmed, split='untrimmed'))
val_evaluator = dict(type='VideoMeanAP')
test_evaluator = dict(type='VideoMeanAP')
