#!/usr/bin/env bash
# mediapipe asks for numpy 1 but runs with numpy 2, so it is installed without its dependencies.
set -euo pipefail
python -m pip install --no-deps mediapipe==0.10.21
