"""Fails tasks as Airflow's task runner does, with no warehouse anywhere. Started by a test: project, then tasks."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import kho.settings
from kho_schedule import TASK_DEFAULTS

own = replace(kho.settings.get_settings(), project_root=Path(sys.argv[1]))
kho.settings.get_settings = lambda: own
for name in sys.argv[2:]:
    dag_id, _, task_id = name.partition(".")
    ti = SimpleNamespace(dag_id=dag_id, task_id=task_id)
    TASK_DEFAULTS["on_failure_callback"]({"ti": ti, "exception": ConnectionError("mật khẩu là 123")})
