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
    "ndcg@1": "ndcg_cut_1",
    "ndcg@10": "ndcg_cut_10",
    "ndcg@100": "ndcg_cut_100",
    "ndcg": "ndcg",
    "recall@10": "recall_10",
    "recall@1000": "recall_1000",
    "recall": "set_recall",
    "precision@10": "P_10",
    "precision@1000": "P_1000",
    "precision": "set_P",
    "map": "map",
    "map@10": "map_cut_10",
    "mrr": "recip_rank",
    "hit@1": "success_1",
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
measures = {
    *("ndcg_cut.1,10,100", "ndcg", "recall.10,1000", "set_recall", "P.10,1000", "set_P"),
    *("map", "map_cut.10", "recip_rank", "success.1,10"),
}
# trec_eval knows linear gains only; grades that are the gains of another kind make it compute that kind.
GAINS = {"linear": lambda grade: grade, "exponential": lambda grade: 2**grade - 1, "binary": lambda grade: int(grade > 0)}


def evaluate(gain):
    paying = {query: {document: GAINS[gain](grade) for document, grade in of.items()} for query, of in qrels.items()}
    return pytrec_eval.RelevanceEvaluator(paying, measures).evaluate(run)


results = {gain: evaluate(gain) for gain in GAINS}
rows = []
for query, values in results["linear"].items():
    row = {ours: values[theirs] for ours, theirs in NAMES.items()}
    row |= {f"ndcg@10 {gain}": results[gain][query]["ndcg_cut_10"] for gain in GAINS if gain != "linear"}
    rows.append(f"  {json.dumps(query)}: {json.dumps(row)}")
pathlib.Path(__file__).with_name("trec-eval.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
