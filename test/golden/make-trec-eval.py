"""Writes trec-eval.json: what trec_eval says of BM25's rankings of Cranfield, per query. Needs pytrec_eval (pip install pytrec-eval-terrier).

    rec-r1 index --corpus ../shared/data/cranfield/corpus.jsonl --out DIR
    rec-r1 search --index DIR --queries ../shared/data/cranfield/queries.jsonl -k 1000 --json > RUN
    python test/golden/make-trec-eval.py RUN ../shared/data/cranfield/qrels.tsv
"""

import csv
import json
import pathlib
import sys

import pytrec_eval

NAMES = {
    "ndcg@10": "ndcg_cut_10",
    "ndcg@100": "ndcg_cut_100",
    "recall@10": "recall_10",
    "recall@1000": "recall_1000",
    "precision@10": "P_10",
    "map": "map",
    "mrr": "recip_rank",
    "hit@10": "success_10",
}

run_file, qrels_file = sys.argv[1:]
with open(run_file, encoding="utf-8") as lines:
    answers = [json.loads(line) for line in lines]
# trec_eval sorts by score and breaks ties in its own way; falling ranks as scores keep the order.
run = {a["_id"]: {hit["id"]: float(-hit["rank"]) for hit in a["hits"]} for a in answers}
qrels = {}
with open(qrels_file, encoding="utf-8") as rows:
    for query, document, grade in list(csv.reader(rows, delimiter="\t"))[1:]:
        qrels.setdefault(query, {})[document] = int(grade)
measures = {"ndcg_cut.10,100", "recall.10,1000", "P.10", "map", "recip_rank", "success.10"}
results = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
rows = [f'  {json.dumps(q)}: {json.dumps({ours: results[q][theirs] for ours, theirs in NAMES.items()})}' for q in results]
pathlib.Path(__file__).with_name("trec-eval.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
