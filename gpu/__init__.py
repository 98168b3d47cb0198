"""What a machine with a GPU is to find out, and to train, in one command: `gpu/run.sh`.

`run` starts one process for each phase; the phases are modules of the same names.
"""
