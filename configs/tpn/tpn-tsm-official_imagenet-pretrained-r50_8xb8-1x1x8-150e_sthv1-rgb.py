# The network of the checkpoints that the TPN authors released, for `tpn-tsn convert`:
# shortcuts see shifted features. Those of MMAction2 belong to tpn-tsm-released.
_base_ = 'tpn-tsm-released_imagenet-pretrained-r50_8xb8-1x1x8-150e_sthv1-rgb.py'

model = dict(backbone=dict(type='ShiftedShortcutTSM'))
