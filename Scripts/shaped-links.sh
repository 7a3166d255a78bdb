#!/usr/bin/env bash
# A descent over TCP whose links are shaped by the kernel: each rank in its own network namespace, a veth pair to a bridge, and a
# token bucket filter on either end. For root.
#   Scripts/shaped-links.sh WORKERS DOWN_MBIT UP_MBIT [options of descent-ranks, or train and its options]
# A coordinate is 64 bits: tau = 64 / rate. Heads of packets and messages come on top and are not counted. With train the
# ranks are those of descent train, one thread each; rank 0's own link is not shaped.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 3 ]; then sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2; fi
if [ "$(id -u)" != 0 ]; then echo "Network namespaces need root." >&2 && exit 1; fi
workers=$1 down=$2 up=$3
shift 3
Scripts/install-mpi.sh
build=(swift build -c release --scratch-path .build-mpi --traits MPI)
for product in descent-ranks descent; do "${build[@]}" --product "$product" >/dev/null; done
products=$("${build[@]}" --show-bin-path)

prefix=dsc$$
scratch=$(mktemp -d)
remove() {
  for i in $(seq 0 "$workers"); do ip netns del "$prefix-$i" 2>/dev/null || true; done
  ip link del "$prefix" 2>/dev/null || true
  rm -rf "$scratch"
}
trap remove EXIT

ip link add "$prefix" type bridge
ip addr add 10.77.0.254/24 dev "$prefix"
ip link set "$prefix" up
for i in $(seq 0 "$workers"); do
  ip netns add "$prefix-$i"
  ip link add "$prefix$i" type veth peer name eth0 netns "$prefix-$i"
  ip link set "$prefix$i" master "$prefix" up
  ip -n "$prefix-$i" addr add "10.77.0.$((i + 1))/24" dev eth0
  ip -n "$prefix-$i" link set eth0 up
  ip -n "$prefix-$i" link set lo up
  echo "10.77.0.$((i + 1)) slots=1" >>"$scratch/hosts"
  if [ "$i" -gt 0 ]; then
    # The worker's end shapes what it sends, the bridge's end what it is sent. The server's own link is not shaped.
    ip netns exec "$prefix-$i" tc qdisc add dev eth0 root tbf rate "${up}mbit" burst 1600 latency 10s
    tc qdisc add dev "$prefix$i" root tbf rate "${down}mbit" burst 1600 latency 10s
  fi
done

# mpirun starts its daemons through this instead of ssh: the last part of the address is the namespace.
cat >"$scratch/agent" <<AGENT
#!/bin/bash
host=\$1
shift
exec ip netns exec $prefix-\$((\${host##*.} - 1)) /bin/bash -c "\$*"
AGENT
chmod +x "$scratch/agent"

tau() { awk -v rate="$1" 'BEGIN { printf "%.9g", 64 / (rate * 1e6) }'; }
if [ "${1:-}" = train ]; then
  command=("$products/descent" "$@")
  export OMP_NUM_THREADS=1
else
  command=("$products/descent-ranks" --shaping network --tau-s "$(tau "$down")" --tau-w "$(tau "$up")" "$@")
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
mpirun --hostfile "$scratch/hosts" --mca plm_rsh_agent "$scratch/agent" --mca orte_keep_fqdn_hostnames 1 \
  --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
  ${OMP_NUM_THREADS:+-x OMP_NUM_THREADS} -n $((workers + 1)) "${command[@]}"
