_base_ = 'tsn-cross-modality_r18_1xb16-5x1x3-12e_tempo-demo-flow.py'

custom_hooks = [*_base_.custom_hooks, dict(type='PartialBNHook')]
