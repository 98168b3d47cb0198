#!/usr/bin/env bash
# Runs all measurements and trainings for a GPU: gpu/run.sh --minutes 9
# Results are in $OUT (or gpu_out): report.md, results.json, log.txt and the trained models.
# PYTHON names an interpreter other than python3. SCRATCH names a folder to keep, so that a second
# run continues with what the first has compiled, measured and trained. docs/gpu.md is the manual.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
scratch=${SCRATCH:-$(mktemp -d)}
[[ -n ${SCRATCH:-} ]] || trap 'rm -rf "$scratch"' EXIT
site=$("$python" gpu/packages.py "$scratch/site")
export PYTHONPATH="$PWD:$site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
"$python" -m gpu.run --scratch "$scratch" "$@"
