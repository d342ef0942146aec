# Set the number of classes with
#   --cfg-options model.cls_head.num_classes=N model.neck.aux_head.num_classes=N
_base_ = [
    '../_base_/models/demo_tpn_slowonly_r18.py',
    '../_base_/datasets/own_videos.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]
