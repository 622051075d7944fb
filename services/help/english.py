"""Stems of English words, by the endings of everyday writing: plural, past and `-ing` of a word are one."""

from __future__ import annotations

_IRREGULAR = {
    "forgot": "forget", "forgotten": "forget", "lost": "lose", "losing": "lose", "sent": "send", "stole": "steal",
    "stolen": "steal", "paid": "pay", "took": "take", "taken": "take", "gave": "give", "given": "give", "froze": "freeze",
    "frozen": "freeze", "bought": "buy", "told": "tell", "broke": "break", "broken": "break", "came": "come", "gone": "go",
    "went": "go", "kept": "keep", "knew": "know", "known": "know", "chose": "choose", "chosen": "choose", "said": "say",
    "wrote": "write", "written": "write", "held": "hold", "left": "leave", "got": "get", "found": "find", "fell": "fall",
    "people": "person", "children": "child", "was": "be", "were": "be", "lying": "lie", "crashes": "crash",
}  # fmt: skip
_VOWELS = frozenset("aeiouy")
_SHORTEST = 3


def stem(word: str) -> str:
    """The stem of a lower-case word; not always a word, but the same for its forms."""
    if word in _IRREGULAR:
        return _bare(_IRREGULAR[word])
    if len(word) <= _SHORTEST or not word.isascii():
        return word
    if word.endswith(("ies", "ied")):
        return f"{word[:-3]}y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return _bare(word[:-2])
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return stem(word[:-1]) if len(word) > 4 else word[:-1]
    for ending in ("ing", "ed", "ly"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= _SHORTEST and _VOWELS & set(root):
            return _bare(_undoubled(root))
    return _bare(word)


def _undoubled(root: str) -> str:
    double = len(root) > _SHORTEST and root[-1] == root[-2] and root[-1] not in "lsz"
    return root[:-1] if double else root


def _bare(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST else word
