#!/usr/bin/env bash
# The program on a GPU: what it draws there is what it draws on the CPU, but for rounding, and a run begun on one goes on on the other.
# And on devices that are not there, or go away: an error, and nothing else.
#
#     bash tests/devices.sh [TATI [DEVICE]]
#
# The program is the first argument, $TATI or target/debug/tati, compiled with the device's feature; the device is wgpu if none is given.
set -euo pipefail

tati=${1:-${TATI:-target/debug/tati}}
tati=$(cd "$(dirname "$tati")" && pwd)/$(basename "$tati")
device=${2:-wgpu}
folder=$(mktemp -d)
serving=
trap 'kill -9 $serving 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

"$tati" devices | grep "^$device" || { echo "no $device is present" >&2; exit 1; }

# Files that are no libraries, in place of those that may be installed: there is no GPU then, and no noise about it.
if [ "$device" = wgpu ] && [ "$(uname)" = Linux ]; then
    mkdir none
    touch none/lib{vulkan,EGL}.so{,.1}
    LD_LIBRARY_PATH=$PWD/none "$tati" devices > devices.txt 2> noise.txt
    grep -q "^$device: compiled in, and no device found" devices.txt || { cat devices.txt >&2; exit 1; }
    ! [ -s noise.txt ] || { cat noise.txt >&2; exit 1; }
fi

sample=(sample --data clusters --items 100 --data-seed 1 --every 2 --step-size 0.1 --seed 1 --json)
"$tati" "${sample[@]}" --steps 80 --device flex --out here > here.json
"$tati" "${sample[@]}" --steps 80 --device "$device" --out there > there.json
"$tati" "${sample[@]}" --steps 60 --device "$device" --out from-there > /dev/null
"$tati" sample --resume from-there --steps 80 --device flex --json > from-there.json
"$tati" "${sample[@]}" --steps 60 --device flex --out from-here > /dev/null
"$tati" sample --resume from-here --steps 80 --device "$device" --json > from-here.json

# A server that is killed in mid-run, where the program and the example that serves are compiled with feature remote.
server=$(dirname "$tati")/examples/remote_walkers
if [ -x "$server" ] && "$tati" devices | grep -q '^remote:'; then
    "$server" --serve 127.0.0.1:0 > served.txt 2> /dev/null &
    serving=$!
    for _ in $(seq 100); do
        grep -q '^serving' served.txt && break
        sleep 0.1
    done
    address=$(sed -n 's/^serving .* at \([^,]*\),.*/\1/p' served.txt)
    "$tati" "${sample[@]}" --steps 1000000 --device "remote:$address" --out missed > missed.json 2> missed.txt &
    sampling=$!
    for _ in $(seq 100); do
        [ -e missed/trajectory.zarr ] && break
        sleep 0.1
    done
    sleep 1
    kill -9 "$serving"
    serving=
    ! wait "$sampling" || { echo "a run went on without its device" >&2; exit 1; }
    tail -n 1 missed.txt | grep -q "^error: device .remote:$address. went away" || { cat missed.txt >&2; exit 1; }
    ! grep -q 'internal\|panicked' missed.txt || { cat missed.txt >&2; exit 1; }
fi

# Maps do not see where their neighbours were sought.
"$tati" analyse diffusion-map here --neighbors 12 --json > map-here.json
"$tati" analyse diffusion-map here --neighbors 12 --device "$device" --json > map-there.json

python3 - <<'PYTHON'
import json

def read(name):
    with open(name + ".json") as file:
        return json.load(file)

here = read("here")["mean_potential"]
for name in ["there", "from-there", "from-here"]:
    found = read(name)["mean_potential"]
    assert abs(found / here - 1) < 1e-3, (name, found, here)
assert read("map-there") == read("map-here")
print(f"mean potential {here:.6f} here, there, and half here and half there; maps are the same")
PYTHON
