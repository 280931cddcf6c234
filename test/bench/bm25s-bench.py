"""Queries per second of bm25s on one thread: arguments CORPUS (JSON Lines), REQUEST (JSON: queries by name, limits, seconds). Prints JSON."""

import json
import sys
import time

import bm25s
import Stemmer

corpus_file, request_file = sys.argv[1:]
with open(corpus_file, encoding="utf-8") as lines:
    texts = [json.loads(line)["contents"] for line in lines]
with open(request_file, encoding="utf-8") as file:
    request = json.load(file)
stemmer = Stemmer.Stemmer("porter")
options = {"stopwords": "en", "stemmer": stemmer, "show_progress": False}
started = time.perf_counter()
tokens = bm25s.tokenize(texts, **options)
backend = "numba" if request.get("numba") else "numpy"
retriever = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend=backend)
retriever.index(tokens, show_progress=False)
result = {"documentsPerSecond": len(texts) / (time.perf_counter() - started)}


def search(query, limit):
    tokens = bm25s.tokenize([query], return_ids=False, **options)
    retriever.retrieve(tokens, k=min(limit, len(texts)), show_progress=False, n_threads=1)


for named in request["sets"]:
    queries = named["queries"]
    for limit in request["limits"]:
        for query in queries[:50]:
            search(query, limit)
        started = time.perf_counter()
        count = 0
        while time.perf_counter() - started < request["seconds"]:
            search(queries[count % len(queries)], limit)
            count += 1
        result[f"{named['name']} {limit}"] = count / (time.perf_counter() - started)
print(json.dumps(result))
