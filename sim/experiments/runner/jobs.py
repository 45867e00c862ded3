"""Jobs for machines that share out a planned sweep: the script of a SLURM array, the manifest of a Kubernetes indexed job.

Each of their workers does every n-th shard by `tide work`, and knows nothing of the others.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from string import Template

from sim.core.errors import Mistake
from sim.experiments.design.parts import Cluster

SLURM = """#!/bin/bash
#SBATCH --job-name=tide
#SBATCH --array=0-$last
#SBATCH --cpus-per-task=$cores
#SBATCH --mem=$memory
$more#SBATCH --requeue
set -euo pipefail
${prologue}tide work $result --shards "$$SLURM_ARRAY_TASK_ID::$workers" --workers "$$SLURM_CPUS_PER_TASK"
"""
KUBERNETES = """apiVersion: batch/v1
kind: Job
metadata:
  name: tide
spec:
  completionMode: Indexed
  completions: $workers
  parallelism: $workers
  backoffLimitPerIndex: 5
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: worker
          image: my-image-with-risingtide
          workingDir: /shared
          command: ["sh", "-c"]
          args: [$command]
          env:
            - name: RISINGTIDE_CACHE
              value: /shared/cache
          resources:
            requests: {cpu: "$cores", memory: $memory}
            limits: {memory: $memory}
          volumeMounts:
            - name: shared
              mountPath: /shared
      volumes:
        - name: shared
          persistentVolumeClaim:
            claimName: shared
"""


def slurm(cluster: Cluster, result: str | Path) -> str:
    """The script of a SLURM array: a task is a worker, with its cores."""
    asked = {"time": cluster.walltime, "partition": cluster.queue, "account": cluster.account}
    heads = [*(f"--{key}={value}" for key, value in asked.items() if value), *cluster.directives]
    return Template(SLURM).substitute(
        last=cluster.workers - 1,
        workers=cluster.workers,
        cores=cluster.cores,
        memory=re.sub("i?B$", "", cluster.memory),
        more="".join(f"#SBATCH {head}\n" for head in heads),
        prologue="".join(f"{line}\n" for line in cluster.prologue),
        result=shlex.quote(str(result)),
    )


def kubernetes(cluster: Cluster, result: str | Path) -> str:
    """The manifest of an indexed job: a pod is a worker. Image, volume and claim bear names that are to be put right."""
    shards = f"--shards $JOB_COMPLETION_INDEX::{cluster.workers} --workers {cluster.cores}"
    command = " && ".join([*cluster.prologue, f"tide work {shlex.quote(str(result))} {shards}"])
    return Template(KUBERNETES).substitute(
        workers=cluster.workers,
        cores=cluster.cores,
        memory=re.sub("B$", "", cluster.memory),
        command=json.dumps(command),  # a string of JSON is one of YAML
    )


JOBS: dict[str, Callable[[Cluster, str | Path], str]] = {"slurm": slurm, "kubernetes": kubernetes}
"""For which systems a job can be written, and what writes it."""


def job(system: str, cluster: Cluster, result: str | Path) -> str:
    """The job by which a cluster works off the planned sweep of a result.

    Args:
        system: slurm or kubernetes.
        cluster: how many workers, with how many cores, how much memory, and for how long; of a study, its `[cluster]`.
        result: where the result of the sweep goes, as the workers see it.

    Raises:
        Mistake: if there is no job for such a system.
    """
    if system not in JOBS:
        raise Mistake([f"--for {system}: there is no job for this system; allowed are {', '.join(JOBS)}"])
    return JOBS[system](cluster, result)
