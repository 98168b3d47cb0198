#!/bin/sh
# Writes constraints/<Python>.txt: the newest versions that fit together, for each Python.
#
# Left out are torch, which the Makefile's TORCH chooses, with the CUDA packages that some of its
# builds need; and ROS's own packages, which setup.py holds: those of Jazzy and Kilted have the same
# names; and backports.strenum, of which uv takes a version that pip refuses on Python 3.11 and later
# (uv ignores the upper end of Requires-Python).
#
# Needs uv. TORCH is the version that they are to fit, such as torch==2.13.0.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "${TORCH:-torch}" > "$work/torch.txt"

for python in 3.10 3.11 3.12 3.13; do
    uv pip compile setup.py --quiet --no-header --no-annotate --constraint "$work/torch.txt" \
        --extra cpu --extra demo --extra onnx --extra ros --extra train --extra test --extra dev --extra bench \
        --python-version "$python" --python-platform x86_64-manylinux_2_28 \
        --output-file "$work/all.txt" > "$work/log.txt" || { cat "$work/log.txt"; exit 1; }
    {
        echo "# For Python $python on x86-64 Linux; written by \`make constraints\`."
        grep -vE '^(torch|triton|nvidia-.*|cuda-.*|ros-.*|backports-strenum)==' "$work/all.txt"
    } > "constraints/$python.txt"
    echo "constraints/$python.txt: $(grep -c == "constraints/$python.txt") packages"
    rm "$work/all.txt"
done
