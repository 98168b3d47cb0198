"""Measurements and trainings for a machine with a GPU, in one command: `gpu/run.sh`.

`run` starts one process for each phase; the phases are modules of the same names.
"""
