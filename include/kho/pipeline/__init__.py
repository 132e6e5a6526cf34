"""The steps of a night: the DAGs and the command line call these functions and nothing else, so both do the
same thing.

    extract -> stage -> validate -> load -> finish      per dataset (`dataset`)
    build_star -> write_report -> build_docs            once all datasets have finished (`night`)
    replay, replay_day                                  the raw zone judged once more (`replays`)
    rebuild                                             the star mended from the raw zone (`rebuilds`)
    send_alerts                                         people told what is wrong and what is over (`night`)
    retain                                              what is kept too long removed (`night`)
    decide_gate, decide_report, send_report             what a person decides (`decisions`)
"""

from kho.pipeline.context import Context, StepResult
from kho.pipeline.dataset import extract, finish, load, run_dataset, stage, validate
from kho.pipeline.decisions import (
    decide_gate,
    decide_report,
    gates_to_decide,
    send_report,
    show_draft,
    show_evidence,
    waiting_draft,
)
from kho.pipeline.night import (
    build_docs,
    build_star,
    check_star,
    retain,
    send_alerts,
    write_lists,
    write_report,
)
from kho.pipeline.rebuilds import rebuild
from kho.pipeline.replays import replay, replay_day

__all__ = [
    "Context",
    "StepResult",
    "build_docs",
    "build_star",
    "check_star",
    "decide_gate",
    "decide_report",
    "extract",
    "finish",
    "gates_to_decide",
    "load",
    "rebuild",
    "replay",
    "replay_day",
    "retain",
    "run_dataset",
    "send_alerts",
    "send_report",
    "show_draft",
    "show_evidence",
    "stage",
    "validate",
    "waiting_draft",
    "write_lists",
    "write_report",
]
