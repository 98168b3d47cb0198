#!/usr/bin/env bash
# Everything that is to be found out and trained on a GPU: gpu/run.sh --minutes 9
# Results are in $OUT (or gpu_out): report.md, results.json, log.txt and the trained models.
# PYTHON names another interpreter than python3; SCRATCH a folder to keep, so that a second run goes
# on with what the first has compiled, measured and trained. docs/gpu.md is the manual.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
scratch=${SCRATCH:-$(mktemp -d)}
[[ -n ${SCRATCH:-} ]] || trap 'rm -rf "$scratch"' EXIT
site=$("$python" gpu/packages.py "$scratch/site")
export PYTHONPATH="$PWD:$site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
"$python" -m gpu.run --scratch "$scratch" "$@"
