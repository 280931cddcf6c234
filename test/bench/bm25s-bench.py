"""bm25s's side of `npm run bench:retrieval`: arguments REQUEST, a file with a BenchRequest, and the back end, numpy or numba; prints a BenchAnswer."""

import json
import os
import resource
import sys
import time

import bm25s
import Stemmer

with open(sys.argv[1], encoding="utf-8") as file:
    request = json.load(file)
backend = sys.argv[2]
options = {"stopwords": "en", "stemmer": Stemmer.Stemmer("porter"), "show_progress": False}

started = time.perf_counter()
with open(request["corpus"], encoding="utf-8") as lines:
    texts = [json.loads(line)["text"] for line in lines]
retriever = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend=backend)
retriever.index(bm25s.tokenize(texts, **options), show_progress=False)
answer = {"documentsPerSecond": len(texts) / (time.perf_counter() - started)}
retriever.save(request["index"])
answer["indexBytes"] = sum(entry.stat().st_size for entry in os.scandir(request["index"]))


def search(queries, limit, threads):
    tokens = bm25s.tokenize(queries, return_ids=False, **options)
    retriever.retrieve(tokens, k=min(limit, len(texts)), show_progress=False, n_threads=threads)


def rate(queries, limit, size, threads):
    """Queries per second of calls that each take `size` queries."""
    started = time.perf_counter()
    count = 0
    while time.perf_counter() - started < request["seconds"]:
        search([queries[(count + i) % len(queries)] for i in range(size)], limit, threads)
        count += size
    return count / (time.perf_counter() - started)


rates = {}
for named in request["sets"]:
    for limit in request["limits"]:
        # With one thread a query a call is faster than a batch, or as fast; take what is faster.
        for way, sizes, threads in [("one thread", [1, 64], 1), ("all threads", [64], request["threads"])]:
            best = []
            for size in sizes:
                rate(named["queries"], limit, size, threads)  # warms up, compiles
                found = [rate(named["queries"], limit, size, threads) for _ in range(request["repeats"])]
                best = max(best, found, key=lambda values: sorted(values)[len(values) // 2] if values else 0)
            rates[f"{way} {named['name']} {limit}"] = best
answer["rates"] = rates
answer["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(answer))
