#!/usr/bin/env bash
# Joins the reports of slurm-array.sh, after it: see docs/sweep.md.
#SBATCH --job-name=conform-merge
#SBATCH --output=conform-merge-%j.log
set -euo pipefail

export SHARDS=${SHARDS:-4}
export REPORTS=${REPORTS:-$PWD/reports}
exec docs/sweep/merge.sh
