#!/usr/bin/env bash
# Tries sweep.sbatch on a Slurm of its own, on 127.0.0.1: one task of the array is killed in the
# middle, the array is submitted again, and the results have to be the bytes of an undisturbed sweep.
#
#   deploy/slurm/test.sh [FLEETCAST]      default: target/release/fleetcast
#
# Wants Debian's slurmctld, slurmd, slurm-client and munge; as root it installs them. All else is in
# a folder of its own, and all that it starts is ended. Exit code 77: it cannot be tried here.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
fleetcast=$(realpath "${1:-$here/../../target/release/fleetcast}")
runs=${RUNS:-40}
tasks=4
plan=mercadolibre

skip() { echo "skipped: $*" >&2; exit 77; }
fail() { echo "failed: $*" >&2; exit 1; }

[ -x "$fleetcast" ] || fail "there is no program \`$fleetcast\`: cargo build --release"
[ "$(id -u)" = 0 ] || skip "slurmd wants to be root"
if ! command -v slurmctld slurmd munged sbatch >/dev/null; then
    command -v apt-get >/dev/null || skip "no Slurm, and no apt-get to install it"
    echo "installing slurmctld, slurmd, slurm-client and munge"
    # RUNLEVEL keeps the packages from starting services of their own.
    { timeout 120 apt-get -qq update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive timeout 300 \
        apt-get -qq install --no-install-recommends --yes slurmctld slurmd slurm-client munge; } \
        >/dev/null 2>&1 || skip "the packages cannot be had"
fi

dir=$(mktemp -d /tmp/fleetcast-slurm.XXXXXX)
started=()
finish() {
    status=$?
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    [ $status = 0 ] || tail -n 15 "$dir"/*.log >&2 || true
    rm -rf "$dir"
}
trap finish EXIT

# A port that nobody listens on.
port() {
    local port
    while port=$((20000 + RANDOM % 20000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# Waits for a command to succeed, for so many seconds.
within() {
    local deadline=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

chmod 755 "$dir"
mkdir "$dir/state" "$dir/spool" "$dir/work"
head -c 1024 /dev/urandom >"$dir/munge.key"
chmod 600 "$dir/munge.key"
node=$(hostname -s)
cat >"$dir/slurm.conf" <<CONF
ClusterName=fleetcast
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=300
MailProg=/bin/true
SchedulerParameters=sched_interval=1
NodeName=$node NodeAddr=127.0.0.1 CPUs=8 RealMemory=16384 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$dir/slurm.conf FLEETCAST=$fleetcast

munged --foreground --force --num-threads=2 --socket="$dir/munge.socket" \
    --key-file="$dir/munge.key" --pid-file="$dir/munge.pid" --log-file="$dir/munge.log" \
    --seed-file="$dir/munge.seed" >"$dir/munged.log" 2>&1 &
started+=($!)
within 20 test -S "$dir/munge.socket" || skip "munged does not start here"
slurmctld -D -f "$SLURM_CONF" >"$dir/slurmctld.out.log" 2>&1 &
started+=($!)
slurmd -D -f "$SLURM_CONF" -N "$node" >"$dir/slurmd.out.log" 2>&1 &
started+=($!)
is_idle() { [ "$(sinfo -h -o %t)" = idle ]; }
within 60 is_idle || skip "Slurm does not start here"
is_over() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }
job=$(sbatch --parsable --mem=64 --output="$dir/spool/first" --wrap "echo works")
within 60 is_over "$job" && within 5 grep -qx works "$dir/spool/first" || skip "Slurm runs nothing here"
echo "Slurm $(sinfo --version | cut -d' ' -f2) is up"

cd "$dir/work"
sweep=("$plan" --vary procurement.trigger=70..90%/5 --vary placement.policy=first-fit,best-fit
    --seeds $((runs / 10)))
"$fleetcast" sweep "${sweep[@]}" --quiet --out alone

# Submits the array and says its number.
submit() {
    sbatch --parsable --array=0-$((tasks - 1)) --cpus-per-task=2 --mem-per-cpu=256 \
        "$here/sweep.sbatch" "${sweep[@]}" --out array
}
done_runs() { cat array/journal/*.csv 2>/dev/null | wc -l; }
has_begun() { [ "$(cat array/journal/2-of-4.*.csv 2>/dev/null | wc -l)" -ge 2 ]; }
# Finds the process of the second task: its number is in its environment.
worker() {
    for victim in $(pgrep -x "$(basename "$fleetcast" | head -c 15)"); do
        environ=$(tr '\0' '\n' <"/proc/$victim/environ" 2>/dev/null) || continue
        [[ $environ == *"SLURM_ARRAY_JOB_ID=$job"* && $environ == *"SLURM_ARRAY_TASK_ID=1"* ]] && return
    done
    return 1
}

job=$(submit)
within 60 worker || fail "no task begins"
within 60 has_begun || fail "no run is done"
kill -KILL "$victim" || fail "the task was over before it could be killed: more RUNS"
echo "killed process $victim of task ${job}_1, with $(done_runs) of $runs runs done"
within 600 is_over "$job" || fail "the array does not end"
scontrol -o show job "${job}_1" | grep -q 'JobState=FAILED' || fail "the task that was killed is not FAILED"
if told=$("$fleetcast" sweep --collect array 2>&1); then
    fail "nothing is missing though a task was killed"
fi
echo "$told" | head -n 1
[[ $told == *"of shard 2 of $tasks"* ]] || fail "it does not say which shard"

before=$(done_runs)
job=$(submit)
within 600 is_over "$job" || fail "the array does not end"
"$fleetcast" sweep --collect array >/dev/null
for file in runs.csv runs.parquet; do
    cmp "alone/$file" "array/$file" || fail "$file is not that of an undisturbed sweep"
done
[ "$(done_runs)" = "$runs" ] || fail "$(done_runs) lines for $runs runs: some were run twice"
echo "ok: submitted again, the array did the $((runs - before)) that were missing; the same bytes as undisturbed"
