"""Words as numbers: the vocabulary, where texts begin, and what is left out."""

from __future__ import annotations

import numpy as np

from veritrain_lib.quality.text.tokens import (
    concatenated_tokens,
    is_function_word,
    reordered_tokens,
    subset_of,
    tokens_of,
    word_keys,
)


def test_every_text_comes_back_as_its_words_and_words_are_counted_by_text():
    tokens = tokens_of(["The cat saw the cat", "", "A cat!"])
    assert [tokens.of(number) for number in range(3)] == [
        ["the", "cat", "saw", "the", "cat"],
        [],
        ["a", "cat"],
    ]
    assert dict(zip(tokens.words, tokens.document_frequency.tolist(), strict=True)) == {
        "the": 1,
        "cat": 2,
        "saw": 1,
        "a": 1,
    }
    assert tokens.lengths.tolist() == [5, 0, 2]


def test_a_greeting_and_thanks_are_left_out_but_not_in_the_middle():
    tokens = tokens_of(["Good morning team, say hello to anna. Thanks a lot", "hi", "is this a good day"])
    assert tokens.of(0) == ["say", "hello", "to", "anna"]
    assert tokens.of(1) == ["hi"]
    assert tokens.of(2) == ["is", "this", "a", "good", "day"]


def test_japanese_is_cut_where_the_script_changes():
    assert tokens_of(["先月のメールは届いた"]).of(0) == ["先月", "の", "メール", "は", "届", "い", "た"]


def test_texts_joined_and_reordered_keep_their_words():
    both = concatenated_tokens(tokens_of(["where is it", "here"]), tokens_of(["it is there"]))
    assert [both.of(number) for number in range(3)] == [
        ["where", "is", "it"],
        ["here"],
        ["it", "is", "there"],
    ]
    assert both.document_frequency[both.words.index("is")] == 2
    turned = reordered_tokens(both, np.array([2, 0]))
    assert [turned.of(0), turned.of(1)] == [["it", "is", "there"], ["where", "is", "it"]]
    assert turned.form_hashes.tolist() == [both.form_hashes[2], both.form_hashes[0]]


def test_equal_normal_forms_have_equal_hashes_and_others_do_not():
    forms = tokens_of(["Where is it?", "where  is it", "where was it"]).form_hashes
    assert forms[0] == forms[1] != forms[2]


def test_keys_are_the_same_at_every_call_and_different_for_each_word():
    assert (word_keys(50) == word_keys(50)).all()
    assert len(set(word_keys(50).tolist())) == 50


def test_no_texts_are_no_words():
    tokens = tokens_of([])
    assert len(tokens) == 0
    assert tokens.words == []


def test_light_words_depend_on_the_language():
    assert is_function_word("the", english=True)
    assert not is_function_word("invoice", english=True)
    assert is_function_word("は", english=False)
    assert not is_function_word("月", english=False)


def test_a_part_has_its_texts_words_and_counts_and_no_others():
    whole = tokens_of(["the cat", "a dog", "the dog", ""])
    part = subset_of(whole, np.array([0, 2]))
    assert [part.of(number) for number in range(len(part))] == [["the", "cat"], ["the", "dog"]]
    assert dict(zip(part.words, part.document_frequency.tolist(), strict=True)) == {
        "the": 2,
        "cat": 1,
        "a": 0,
        "dog": 1,
    }
    assert part.form_hashes.tolist() == whole.form_hashes[[0, 2]].tolist()
