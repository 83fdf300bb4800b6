#!/usr/bin/env bash
# Records the samples of this folder anew.
#
#   sudo ./record.sh all             every sample
#   sudo ./record.sh NAME…           only these, e.g. rfc6455-examples broken
#   python3 verify.py                compares the captures with what the peers logged
#
# Each sample is a capture `../NAME.pcap` or `../NAME.pcapng` of real WebSocket peers talking on the
# loopback, and `../NAME.peers.json`: the frames as the peers logged them. The two come about
# independently of each other; verify.py, run at the end, has to find them equal.
#
# How it works
# - Everything is installed into a temporary folder that is removed at the end: Node `ws` and
#   Python `websockets` in pinned versions, the Rust peer built with its Cargo.lock. tcpdump,
#   dumpcap and Chromium are taken from the system, or from Debian's packages when missing.
# - Each sample is recorded in a network and process namespace of its own, which is why this needs
#   root. Ports are free, no foreign packet gets into the capture, nothing reaches a network, and
#   every process ends with the namespace, whatever happened to it.
# - The loopback gets an MTU of 1500 and no segmentation offload: captures then look like those
#   of a real network, with frames that take several segments.
# - tcpdump writes pcap; dumpcap writes pcapng with nanoseconds, which clean_pcapng.py strips of
#   the description of the recording machine.
# - TCP checksums on a loopback are left to hardware that is not there: they are wrong in all
#   recordings except tcp-trouble, which is written by a script.
#
# Takes about two minutes, most of it building the Rust peer. Captures differ from run to run in ports, masking keys, times and dates.
set -euo pipefail

WS=8.23.0
WEBSOCKETS=17.4
SAMPLES="rfc6455-examples chat-unicode fragments-ping large-binary many-connections ipv6
  refused wrong-accept http-then-upgrade deflate deflate-parameters deflate-websockets broken tcp-trouble"

here=$(cd "$(dirname "$0")" && pwd)

# --- inside the namespace: one sample -----------------------------------------------------------

# capture FORMAT FILTER: starts recording into $out and waits until it does.
capture() {
  local format=$1 filter=$2 log="$PEER_LOG_DIR/capture.log"
  case $format in
    pcap) tcpdump -i lo -U -B 32768 -s 0 -w "$out" "$filter" 2>"$log" & ;;
    pcap-nano) tcpdump -i lo -U -B 32768 -s 0 --time-stamp-precision=nano -w "$out" "$filter" 2>"$log" & ;;
    # The pseudo-interface "any": Linux cooked capture (SLL2) instead of Ethernet.
    pcap-cooked) tcpdump -i any -y LINUX_SLL2 -U -B 32768 -s 0 -w "$out" "$filter" 2>"$log" & ;;
    pcapng) dumpcap -q -B 32 -i lo -s 0 -f "$filter" -w "$out" 2>"$log" & ;;
  esac
  capture_pid=$!
  touch "$log"
  for _ in $(seq 100); do
    grep -qiE 'listening on|^File:' "$log" && break
    sleep 0.05
  done
  sleep 0.3
}

# server NAME COMMAND…: starts a peer and waits until its port is open.
server() {
  local name=$1
  shift
  "$@" &
  servers+=($!)
  for _ in $(seq 200); do
    [ -e "$PEER_LOG_DIR/$name.ready" ] && return
    sleep 0.05
  done
  echo "$name did not start" >&2
  return 1
}

# Waits for the peers still running, then for the last packets, and stops recording.
finish() {
  local pid
  for pid in "${servers[@]}"; do wait "$pid"; done
  sleep 1.6 # the kernel hands packets to tcpdump in blocks, at the latest after a second
  kill -INT "$capture_pid"
  wait "$capture_pid" || true
  # A sample with holes is worth nothing: stop when the kernel could not keep up.
  if grep -E '[1-9][0-9]* packets dropped by kernel|received/dropped.*/[1-9]' "$PEER_LOG_DIR/capture.log"; then
    return 1
  fi
}

inside() {
  local name=$1 work=$2 extension=pcap servers=() capture_pid out
  export PEER_LOG_DIR="$work/$name" TMPDIR="$work" # Chromium leaves things in TMPDIR
  mkdir -p "$PEER_LOG_DIR"
  out="$PEER_LOG_DIR/raw"
  ip link set lo up mtu 1500 gso_max_size 1500 gso_max_segs 1
  cd "$work/record/peers"
  local py="$work/venv/bin/python"
  case $name in
    rfc6455-examples)
      extension=pcapng
      capture pcapng 'tcp port 9001'
      server server node $name.server.mjs
      "$py" $name.client.py ;;
    chat-unicode)
      extension=pcapng
      capture pcapng 'tcp port 9002'
      node $name.server.mjs ;; # starts the browser itself
    fragments-ping)
      capture pcap-nano 'tcp port 9003'
      server server node $name.server.mjs
      "$py" $name.client.py ;;
    large-binary)
      capture pcap 'tcp port 9004'
      server server "$work/target/release/rust-peer" large-binary-server
      "$py" $name.client.py ;;
    many-connections)
      extension=pcapng
      capture pcapng 'tcp port 9005'
      server server node $name.server.mjs
      "$py" $name.client.py ;;
    ipv6)
      capture pcap 'tcp port 9006'
      server server node $name.server.mjs
      "$work/target/release/rust-peer" ipv6-client ;;
    refused)
      capture pcap-cooked 'tcp port 9007'
      server server "$py" $name.server.py
      node $name.client.mjs
      "$py" $name.client.py ;;
    wrong-accept)
      capture pcap 'tcp port 9008'
      server server "$py" $name.server.py
      node $name.client.mjs ;;
    http-then-upgrade)
      extension=pcapng
      capture pcapng 'tcp port 9009 or tcp port 9109'
      server server node $name.server.mjs
      server proxy "$py" $name.proxy.py
      "$py" $name.client.py ;;
    deflate)
      capture pcap-nano 'tcp port 9010'
      node $name.server.mjs ;;
    deflate-parameters)
      extension=pcapng
      capture pcapng 'tcp port 9012'
      server server node $name.server.mjs
      node $name.client.mjs ;;
    deflate-websockets)
      capture pcap-nano 'tcp port 9013'
      server server node $name.server.mjs
      "$py" $name.client.py ;;
    broken)
      capture pcap 'tcp port 9011'
      server server "$py" $name.peer.py server
      "$py" $name.peer.py client ;;
    *) echo "no such sample: $name" >&2; return 1 ;;
  esac
  finish
  cd "$work/record"
  "$py" merge.py "$PEER_LOG_DIR" "$PEER_LOG_DIR/peers.json"
  if [ $extension = pcapng ]; then
    "$py" clean_pcapng.py "$out" "$out.clean"
    mv "$out.clean" "$out"
  fi
  cp "$out" "$here/../$name.$extension"
  cp "$PEER_LOG_DIR/peers.json" "$here/../$name.peers.json"
  chmod 644 "$here/../$name".*
}

if [ "${1:-}" = --inside ]; then
  inside "$2" "$3"
  exit
fi

# --- outside: tools, then every sample in its namespace -----------------------------------------

[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "run as root: network namespaces" >&2; exit 1; }
names=$*
[ "$names" = all ] && names=$SAMPLES

needs() { for name in $names; do case " $* " in *" $name "*) return 0 ;; esac; done; return 1; }
package() { command -v "$1" >/dev/null || apt-get install -y --no-install-recommends "$2" >/dev/null; }
package tcpdump tcpdump
package dumpcap wireshark-common
package ip iproute2
package node nodejs
package npm npm
if needs chat-unicode deflate; then package "${CHROMIUM:-chromium}" chromium; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here" "$work/record"
# The .mjs files find `ws` in the folder above their copy.
(cd "$work" && npm install --silent --no-save --no-audit --no-fund "ws@$WS" >/dev/null)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "websockets==$WEBSOCKETS"
if needs large-binary ipv6; then
  command -v cargo >/dev/null || { echo "cargo is missing" >&2; exit 1; }
  CARGO_TARGET_DIR="$work/target" cargo build --quiet --release --locked \
    --manifest-path "$work/record/rust-peer/Cargo.toml"
fi

for name in $names; do
  if [ "$name" = tcp-trouble ]; then
    python3 -B "$here/tcp_trouble.py" "$here/../chat-unicode" "$here/../tcp-trouble"
  else
    timeout 120 unshare --net --pid --fork --kill-child --mount-proc bash "$here/record.sh" --inside "$name" "$work"
  fi
done
# shellcheck disable=SC2086
python3 -B "$here/verify.py" $names
