"""How much memory an entry takes: each store in a process of its own, by what the process holds more."""

import copy
import json
import subprocess
import sys
from pathlib import Path

ENTRIES = 20_000

HERE = Path(__file__).resolve().parent


def measured(store):
    """Bytes of resident memory for each entry, in a process of its own."""
    output = subprocess.run([sys.executable, str(HERE / "room.py"), store], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)


def resident():
    """Bytes that this process holds."""
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * 4096


def main(store):
    """Fills a store and says what it took."""
    from django.conf import settings

    settings.configure()
    sys.path.insert(0, str(HERE))
    from stores import ROOM, THEIR_ROOM, ours, peer
    from values import NESTED

    if store == "keepwarm":
        cache = ours("MemoryCache", "room", {"OPTIONS": dict(ROOM)})
    else:
        cache = peer("LocMemCache", "room", {"OPTIONS": dict(THEIR_ROOM)})
    cache.set("first", NESTED, None)
    before = resident()
    for number in range(ENTRIES):
        cache.set(f"entry:{number}", copy.deepcopy(NESTED), None)
    taken = (resident() - before) / ENTRIES
    if cache.get(f"entry:{ENTRIES - 1}") != NESTED or cache.get("entry:0") != NESTED:
        raise AssertionError("an entry is missing")
    print(json.dumps(taken))


if __name__ == "__main__":
    main(sys.argv[1])
