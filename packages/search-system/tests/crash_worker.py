"""A process that writes to a store until it is killed (see test_store_kill.py).

It reads lines of JSON: a folder, a seed and an fsync policy. For each it forks, so that no round
waits for imports. The child prints its number, then a line after each operation that returned.
"""

import json
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

from search_system.schema import IndexSchema, KeywordField, TextField
from search_system.store import buffer
from search_system.store.config import WriterConfig
from search_system.store.pending import Pending
from search_system.store.store import Store

SCHEMA = IndexSchema({"text": TextField("plain"), "tag": KeywordField()})
CONFIG = WriterConfig(merge_factor=2, memory_mb=1, logged_commits=5)


def operations(seed: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield endless operations; the same ones for the same seed."""
    rng = random.Random(seed)
    step = 0
    while True:
        step += 1
        kinds = ["add", "delete", "commit", "refresh", "snapshot"]
        kind = rng.choices(kinds, [16, 6, 4, 1, 2])[0]
        text = " ".join(f"w{rng.randrange(9)}" for _ in range(rng.choice([1, 5, 300])))
        yield kind, str(rng.randrange(25)), {"text": text, "tag": f"{seed}.{step}"}


def apply(store: Store, kind: str, doc_id: str, document: dict[str, Any]) -> None:
    if kind == "add":
        store.add(document, doc_id)
    elif kind == "delete":
        store.delete(doc_id)
    else:
        getattr(store, kind)()


def write_forever(folder: str, seed: int, fsync: Any) -> None:
    buffer._CHECK_MEMORY_EVERY = 6_000  # a spill every dozen documents
    # Into memory or a file by chance.
    Pending.nbytes = property(lambda p: 1 << 20 + 5 * (len(p._docs) % 2))  # type: ignore[assignment]
    store = Store.open(folder, SCHEMA, fsync, config=CONFIG)
    for kind, doc_id, document in operations(seed):
        apply(store, kind, doc_id, document)
        os.write(1, f"{kind}\n".encode())


def main() -> None:
    os.fsync = lambda _: None  # nobody pulls the plug
    for line in sys.stdin:
        child = os.fork()
        if not child:
            write_forever(*json.loads(line))
        os.write(1, f"{child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"killed\n")


if __name__ == "__main__":
    main()
