"""Pyserini as a recommender behind HTTP: python3 pyserini-server.py SITE_PACKAGES CORPUS_FOLDER K1 B

Builds a Lucene index of the corpus (JSON Lines with "id" and "contents") in an index folder beside it, prints the port, and serves
Rec-R1's contract. SITE_PACKAGES holds pyserini 0.24 and what its Lucene half needs. Its dense half would pull in torch and
faiss; the three modules that import them are left empty, and nothing of them is used.
"""

import http.server
import json
import os
import sys
import types

site_packages, corpus, k1, b = sys.argv[1:]
sys.path.insert(0, site_packages)


class Unused(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


for name in ("pyserini.search.faiss", "pyserini.encode", "scipy"):
    sys.modules[name] = Unused(name)

from pyserini.pyclass import autoclass  # noqa: E402
from pyserini.search.lucene import LuceneSearcher  # noqa: E402

index = os.path.join(os.path.dirname(os.path.abspath(corpus)), "index")
arguments = {"collection": "JsonCollection", "generator": "DefaultLuceneDocumentGenerator", "threads": "1", "input": corpus, "index": index}
autoclass("io.anserini.index.IndexCollection").main([part for name, value in arguments.items() for part in ("-" + name, value)])
searcher = LuceneSearcher(index)
searcher.set_bm25(float(k1), float(b))


def search(query, limit):
    return {"hits": [{"id": hit.docid, "score": hit.score} for hit in searcher.search(query, limit)]}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [search(query, request["limit"]) for query in request["queries"]]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass


# One thread: the Java machine knows only this one.
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("PORT", server.server_port, flush=True)
server.serve_forever()
