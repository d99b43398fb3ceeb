"""Which genes are the same under different names, and which contradict each other."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from .hgnc import kind_of, meanings


def counterparts(
    wanted: Sequence[str], present: Sequence[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Find genes that are present under another name: a symbol of before or since, an alias, an id.

    Parameters
    ----------
    wanted, present : sequence of str
        Unique names; those that are in both are left alone.

    Returns
    -------
    found : dict of str to str
        Wanted name to the present one that means the same gene and no other.
    ambiguous : dict of str to list of str
        Wanted name to those that may mean it: several, one that may mean another gene, or one
        that another wanted name may mean.
    """
    meant_by, missing = _meanings_among(wanted), set(wanted) - set(present)
    claims = Counter(symbol for name in wanted for symbol in meant_by(name))
    may_mean = defaultdict(list)
    spare_meanings, spare = _meanings_among(present), set(present) - set(wanted)
    for name in filter(spare.__contains__, present):
        for symbol in spare_meanings(name):
            may_mean[symbol].append(name)
    found, ambiguous = {}, {}
    for name in filter(missing.__contains__, wanted):
        symbols = meant_by(name)
        there = list(dict.fromkeys(one for symbol in symbols for one in may_mean[symbol]))
        if not there:
            continue
        sure = len(symbols) == len(there) == claims[symbols[0]] == len(spare_meanings(there[0]))
        if sure:
            found[name] = there[0]
        else:
            ambiguous[name] = there
    return found, ambiguous


def _meanings_among(names: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Return `meanings`, for names of the kind that these are."""
    entrez = kind_of(names) == "entrez"
    return lambda name: meanings(name, entrez)


def contradictions(ids: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """Return, as ``id: symbol``, where a symbol is known as that of another gene than its id."""
    of_id = _meanings_among(ids)
    return [
        f"{one}: {symbol}"
        for one, symbol in zip(ids, symbols, strict=True)
        if (known := of_id(one)) and (other := meanings(symbol)) and not {*known} & {*other}
    ]
