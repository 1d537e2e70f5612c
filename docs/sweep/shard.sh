#!/usr/bin/env bash
# Runs one shard of a sweep. Which one it is says the scheduler, by its own variable.
#
# Environment:
#   BACKEND   the backend to judge
#   SHARDS    how many shards there are
#   REPORTS   a folder that all shards and the merge see
#   OPTIONS   more options of conform, separated by blanks; the same for all shards
#   SMOLLM3   the program, if it is not ./smollm3
set -euo pipefail

index=${JOB_COMPLETION_INDEX:-${SLURM_ARRAY_TASK_ID:-${AWS_BATCH_JOB_ARRAY_INDEX:-}}}
: "${index:?is set by Kubernetes, Slurm or AWS Batch as the number of this shard, from 0}"
folder=${REPORTS:?}/shard-$index

# What an earlier try has left is not to be taken for the report of this one.
rm -f -- "$folder/report.json"
status=0
# shellcheck disable=SC2086
"${SMOLLM3:-./smollm3}" conform --backend "${BACKEND:?}" --shard "$index/${SHARDS:?}" \
  --report "$folder" ${OPTIONS:-} || status=$?

# 1 with a report says that a rule failed. That is a result, and trying again gives the same.
if [ "$status" -eq 1 ] && [ -f "$folder/report.json" ]; then
  status=0
fi
exit "$status"
