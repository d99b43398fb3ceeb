"""Damaged, odd and hostile files of every kind, and what readers may make of them.

A case is a kind of file and a number: the same input on every machine, for good. `python -m
tests.fuzz --help` says how to run many cases, or one again.

- `kinds`: what is read, by which public reader; `seeds`: small valid files of every kind, of
  a `brain`;
- `mutate` and `mutate_*`: how files are changed, and what of a `change` no reader can see;
- `reading`: all that was read, as one flat dictionary; `oracle`: whether the outcome is allowed;
- `workers`: cases in processes of their own, so that a crash or a hang is an outcome, too.
"""
