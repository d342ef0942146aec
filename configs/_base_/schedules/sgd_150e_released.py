# Steps of the official code and of MMAction2.
_base_ = 'sgd_150e.py'

param_scheduler = [dict(_base_.param_scheduler[0], milestones=[75, 125])]
