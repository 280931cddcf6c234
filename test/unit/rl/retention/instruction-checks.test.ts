import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Row } from '../../../../src/base/checks.ts';
import { follows, followsLoosely, unsupported } from '../../../../src/rl/retention/instruction-checks.ts';

/** Instruction, arguments, a response that follows it, one that does not. */
const CASES: readonly (readonly [string, Row, string, string])[] = [
  ['keywords:existence', { keywords: ['kettle', 'window'] }, 'The Kettle by the windows.', 'The kettle by the door.'],
  ['keywords:forbidden_words', { forbidden_words: ['star'] }, 'A starry night.', 'One Star shone.'],
  ['keywords:frequency', { keyword: 'roof', frequency: 2, relation: 'at least' }, 'Roof, roof.', 'A roof.'],
  ['keywords:frequency', { keyword: 'train', frequency: 2, relation: 'less than' }, 'A train.', 'Train by train.'],
  ['keywords:letter_frequency', { letter: 'e', let_frequency: 3, let_relation: 'at least' }, 'Eleven', 'Even'], // prettier-ignore
  ['language:response_language', { language: 'ru' }, 'Да, это дом (house).', 'Yes, it is a дом.'],
  ['language:response_language', { language: 'ja' }, '水を沸かします', 'boil it'],
  ['length_constraints:number_words', { num_words: 3, relation: 'at least' }, 'one two-three', 'one, two.'],
  ['length_constraints:number_words', { num_words: 3, relation: 'less than' }, 'one, two.', 'one two three'],
  ['length_constraints:number_sentences', { num_sentences: 2, relation: 'at least' }, 'It rains. It pours!', 'It costs 3.50 euros.'], // prettier-ignore
  ['length_constraints:number_paragraphs', { num_paragraphs: 2 }, 'a\n***\nb\n***', 'a\n\nb'],
  ['length_constraints:number_paragraphs', { num_paragraphs: 2 }, 'a *** b', 'a *** *** b'],
  ['length_constraints:nth_paragraph_first_word', { num_paragraphs: 2, nth_paragraph: 2, first_word: 'Weasel' }, 'Hello.\n\n"Weasel," she said.', 'Weasel.\n\nHello.'], // prettier-ignore
  ['detectable_content:number_placeholders', { num_placeholders: 2 }, 'Dear [name], at [time]', 'Dear [name]'],
  ['detectable_content:postscript', { postscript_marker: 'P.S.' }, 'Bye.\nP. S. Call me.', 'Bye.'],
  ['detectable_content:postscript', { postscript_marker: 'P.P.S' }, 'Bye.\nP.P.S more', 'Bye.\nP.S. more'],
  ['detectable_format:number_bullet_lists', { num_bullets: 2 }, 'Buy:\n* milk\n- bread', '* milk\n**bold**\n* bread\n* tea'], // prettier-ignore
  ['detectable_format:constrained_response', {}, 'My answer is maybe.', 'Maybe.'],
  ['detectable_format:number_highlighted_sections', { num_highlights: 2 }, '*one* and **two**', '*one* and * *'],
  ['detectable_format:multiple_sections', { section_spliter: 'SECTION', num_sections: 2 }, 'SECTION 1\na\nSECTION 2\nb', 'SECTION 1\na'], // prettier-ignore
  ['detectable_format:json_format', {}, '```json\n{"a": 1}\n```', 'Here: {"a": 1}'],
  ['detectable_format:title', {}, '<<tea>>\nIt is hot.', '<< >> tea'],
  ['combination:two_responses', {}, 'Hello\n******\nGood day', 'Hello ****** Hello'],
  ['combination:repeat_prompt', { prompt_to_repeat: 'How tall?' }, 'how tall? Very.', 'Very. How tall?'],
  ['startend:end_checker', { end_phrase: 'Good night.' }, '"Sleep. Good night."', 'Good night. Bye.'],
  ['startend:quotation', {}, '"All of\nit"', '"Some" of it'],
  ['change_case:capital_word_frequency', { capital_frequency: 2, capital_relation: 'at least' }, 'STOP AT once', 'STOP it'], // prettier-ignore
  ['change_case:english_capital', {}, 'STOP! 1', 'Stop!'],
  ['change_case:english_lowercase', {}, 'hello, 2', 'Hello'],
  ['punctuation:no_comma', {}, 'one two', 'one, two'],
];

describe('instructions that a program can check', () => {
  for (const [id, args, good, bad] of CASES) {
    it(`${id} ${JSON.stringify(args)}: “${good}”, not “${bad}”`, () => {
      assert.equal(unsupported(id, args), undefined);
      assert.deepEqual([follows(good, id, args), follows(bad, id, args)], [true, false]);
    });
  }

  it('are never followed by saying nothing', () => {
    for (const [id, args] of CASES) assert.equal(follows(' \n', id, args), false, id);
  });

  it('are followed loosely when polite lines or the stars of Markdown are cut', () => {
    const phrase = { end_phrase: 'Good night.' };
    assert.ok(followsLoosely('Sleep. **Good night.**\nHope this helps!', 'startend:end_checker', phrase));
    assert.ok(!followsLoosely('Sleep.\nWell.\nHope this helps!', 'startend:end_checker', phrase));
  });

  it('of other ids, and languages in Latin letters, are not supported and named', () => {
    assert.equal(unsupported('poetry:rhyme', {}), 'poetry:rhyme');
    assert.equal(unsupported('constructor', {}), 'constructor');
    assert.equal(unsupported('language:response_language', { language: 'de' }), 'language:response_language de');
  });

  it('take words with signs of regular expressions as they are', () => {
    assert.ok(follows('C++ (really)', 'keywords:existence', { keywords: ['c++', '(really)'] }));
  });
});
