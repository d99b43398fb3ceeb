"""Looking into folders."""


def files(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
