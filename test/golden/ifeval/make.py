"""What IFEval's own checkers say of responses to its instructions, as verdicts to hold ours to.

    pip install lm_eval langdetect nltk immutabledict
    python test/golden/ifeval/make.py

Writes test/golden/ifeval/ifeval.json. The checkers that run are the published ones, in the copy that the language model
evaluation harness ships. Left out are those that ask a statistical model (sentences and capitals by NLTK's tokenizers, languages
by langdetect), from which ours depart on purpose.
"""

import json
from importlib.metadata import version
from pathlib import Path

from lm_eval.tasks.ifeval.utils import (
    InputExample,
    test_instruction_following_loose,
    test_instruction_following_strict,
)

# Instruction, arguments, responses: plain ones, and those at the edges of the rule.
CASES = [
    ("keywords:existence", {"keywords": ["kettle", "C++"]}, [
        "The Kettle runs C++.", "kettles and c++s", "The kettle.", "a ket tle in C++", "C+ kettle",
    ]),
    ("keywords:forbidden_words", {"forbidden_words": ["star", "of"]}, [
        "A starry night.", "One Star shone.", "offer", "out-of-date", "nothing here", "star_of",
    ]),
    ("keywords:frequency", {"keyword": "roof", "frequency": 2, "relation": "at least"}, [
        "Roof, roof.", "A roof.", "roofroof", "roofs and ROOFS",
    ]),
    ("keywords:frequency", {"keyword": "train", "frequency": 2, "relation": "less than"}, [
        "A train.", "Train by train.", "no", "training a train",
    ]),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3, "let_relation": "at least"}, [
        "Eleven", "Even", "EEE", "ee é",
    ]),
    ("keywords:letter_frequency", {"letter": "t", "let_frequency": 2, "let_relation": "less than"}, ["at", "Tot", "none"]),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, [
        "one two-three", "one, two.", "don't stop", "a_b c", "1 2 3", "été là où",
    ]),
    ("length_constraints:number_words", {"num_words": 3, "relation": "less than"}, ["one, two.", "one two three", "don't"]),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, [
        "a\n***\nb", "a\n***\nb\n***", "***\na\n***\nb", "a *** b", "a *** *** b", "a\n\nb", "a***b", "a\n***\n", "a ****** b",
        "a\n****\nb",
    ]),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weasel"}, [
        "Hello.\n\nweasel goes", 'Hello.\n\n"Weasel," she said.', "Weasel.\n\nHello.", "a\n\nweasel\n\nb", "a\n\n\n\nweasel",
        "a\nweasel", "a\n\nweasel-like", "a\n\n'weasel' ran", "a\n\n\nweasel",
    ]),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, [
        "Dear [name], at [time]", "Dear [name]", "[] []", "[[a] b]", "[a\nb] [c] [d]", "[a[b]c] x",
    ]),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, [
        "Bye.\nP.S. Call me.", "Bye.\nP. S. Call me.", "Bye.", "Bye. p.s. call", "P.S", "Bye.\nPS. call",
    ]),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, [
        "Bye.\nP.P.S more", "Bye.\np. p. s more", "Bye.\nP.S. more", "P.P.S",
    ]),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, [
        "* milk\n* bread", "Buy:\n* milk\n- bread", "* milk\n**bold**\n* bread", "* milk\n* bread\n* tea", "- a\n\n- b",
        "  * a\n  * b", "a - b\nc - d", "*a\n*b", "** a\n* b", "--\n--", "*\n*",
    ]),
    ("detectable_format:constrained_response", {}, [
        "My answer is maybe.", "Well. My answer is yes. Sure.", "My answer is yes", "my answer is no.",
    ]),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, [
        "*one* and **two**", "*one* and * *", "**one** *two", "*a* *b*", "***a***", "*a\nb* *c*", "**one**", "****",
    ]),
    ("detectable_format:multiple_sections", {"section_spliter": "SECTION", "num_sections": 2}, [
        "SECTION 1\na\nSECTION 2\nb", "SECTION 1\na", "Section 1\na\nSection 2", "SECTION1 a SECTION2 b", "SECTION X SECTION Y",
        "SECTION 1 SECTION 2 SECTION 3",
    ]),
    ("detectable_format:json_format", {}, [
        '{"a": 1}', '```json\n{"a": 1}\n```', '```\n[1]\n```', 'Here: {"a": 1}', "{'a': 1}", "3", '```JSON\n{}\n```', "null", "NaN",
    ]),
    ("detectable_format:title", {}, [
        "<<tea>>\nIt is hot.", "<< >> tea", "<tea>", "a <<b>> c", "<<a\nb>>", "<<<tea>>>", "<<>>",
    ]),
    ("combination:two_responses", {}, [
        "Hello\n******\nGood day", "Hello ****** Hello", "Hello", "******\na\n******\nb", "a******b******", "a ****** ****** b",
        "a ****** b ****** c",
    ]),
    ("combination:repeat_prompt", {"prompt_to_repeat": "How tall?"}, [
        "How tall? Very.", "how TALL? Very.", "Very. How tall?", "  How tall?", "How tal",
    ]),
    ("startend:end_checker", {"end_phrase": "Good night."}, [
        "Sleep. Good night.", '"Sleep. Good night."', "Good night. Bye.", "good NIGHT.", "Good night.\n", "Good night", '"Good night." "',
    ]),
    ("startend:quotation", {}, ['"All of\nit"', '"Some" of it', '"', '""', "'all'", '  "x"  ', "“all”"]),
    ("punctuation:no_comma", {}, ["one two", "one, two", "one，two", "1,000"]),
]  # fmt: skip

verdicts = []
for name, arguments, responses in CASES:
    for response in responses + ["Sure!\n" + responses[0], "**" + responses[0] + "**"]:
        example = InputExample(key=0, instruction_id_list=[name], prompt="", kwargs=[arguments])
        [strict] = test_instruction_following_strict(example, response).follow_instruction_list
        [loose] = test_instruction_following_loose(example, response).follow_instruction_list
        verdict = {"strict": bool(strict), "loose": bool(loose)}
        verdicts.append({"id": name, "arguments": arguments, "response": response, **verdict})

lines = ",\n".join(f"    {json.dumps(verdict, ensure_ascii=False)}" for verdict in verdicts)
text = f'{{\n  "versions": {{"lm_eval": "{version("lm_eval")}"}},\n  "verdicts": [\n{lines}\n  ]\n}}\n'
(Path(__file__).parent / "ifeval.json").write_text(text)
