"""Writes parquet/: small files as pandas, polars and Spark write them, and their rows as JSON. Needs pyarrow (made with 26.0.1).

    python test/golden/make-parquet.py
"""

import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(__file__).with_name("parquet")

# Enough rows, and pages small enough, that a column has several pages and its dictionary is given up in the middle.
ROWS = [
    {
        "id": f"B{i:04d}",
        "text": None if i % 7 == 3 else f"{['pan', 'sartén', 'フライパン', '🍳'][i % 4]} {i * 7919 % 1000} " * (i % 5),
        "kind": None if i % 2 else ["a", "b", "c"][i % 3],
        "number": i * 1000003,
        "score": None if i % 5 == 0 else i / 8,
        "flag": i % 3 == 0,
        "nothing": None,
    }
    for i in range(700)
]
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("text", pa.string()),
        ("kind", pa.string()),
        ("number", pa.int64()),
        ("score", pa.float64()),
        ("flag", pa.bool_()),
        ("nothing", pa.string()),
    ]
)
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)
SMALL_PAGES = {"data_page_size": 1024, "write_batch_size": 64}
VARIANTS = {
    "snappy-one-group": {"compression": "snappy", **SMALL_PAGES},
    "zstd-groups": {"compression": "zstd", "row_group_size": 150, **SMALL_PAGES},
    "gzip-no-dictionary": {"compression": "gzip", "use_dictionary": False, **SMALL_PAGES},
    "none-small-dictionary": {"compression": "none", "dictionary_pagesize_limit": 512, **SMALL_PAGES},
    "brotli-pages-v2": {"compression": "brotli", "data_page_version": "2.0", **SMALL_PAGES},
    "lz4-delta": {
        "compression": "lz4",
        "use_dictionary": False,
        "column_encoding": {"id": "DELTA_BYTE_ARRAY", "text": "DELTA_LENGTH_BYTE_ARRAY", "number": "DELTA_BINARY_PACKED"},
        **SMALL_PAGES,
    },
}

OUT.mkdir(exist_ok=True)
(OUT / "rows.json").write_text(json.dumps(ROWS, ensure_ascii=False) + "\n", encoding="utf-8")
for name, options in VARIANTS.items():
    pq.write_table(TABLE, OUT / f"{name}.parquet", **options)
nested = pa.table({"id": ["x"], "items": [["a", "b"]], "meta": [{"k": 1}]})
pq.write_table(nested, OUT / "nested.parquet")
