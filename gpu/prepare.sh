#!/usr/bin/env bash
# Collects what gpu/run.sh needs on a machine without a network: pure Python wheels in gpu/wheels,
# motion capture and evaluation windows in gpu/data. Git ignores both folders: copy them yourself.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" -m pip wheel --quiet --no-deps --wheel-dir gpu/wheels \
    "hydra-core>=1.3,<1.4" "omegaconf>=2.3,<2.4" "antlr4-python3-runtime==4.9.3"
"$python" -m gpu.motion pack --out gpu/data
du -sh gpu/wheels gpu/data
