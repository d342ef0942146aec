"""The tasks that demo data are made for."""

from .correspondence import CORRESPONDENCE
from .instances import INSTANCES
from .task import DemoTask
from .tempo import TEMPO

TASKS: dict[str, DemoTask] = {
    task.name: task for task in (TEMPO, CORRESPONDENCE, INSTANCES)
}
