# ruff: noqa: E501  (hashes are long)
"""Fetch the NiiVue that pages draw with, and the licences of all that is in it.

    python scripts/niivue.py

takes the packages below from the npm registry, each checked by its hash, and writes niivue.js.gz
and niivue-licence.txt beside the code of the page. The same versions give the same files.
"""

import base64
import gzip
import hashlib
import io
import re
import sys
import tarfile
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src/napari_compressed_transcriptomics/figures/page"
NIIVUE = "@niivue/niivue@0.69.0"
PACKAGES = {  # with the SHA-512 that the registry states of each
    NIIVUE: "YMjQvJgD1W2b7DuoxkwlC4VxbrgIePRJ5qyQzXKxi2v2MBVg285P/CIQyg46oDDGDIcaNlbd+MhtO/edMbXJkA==",
    "@lukeed/uuid@2.0.1": "qC72D4+CDdjGqJvkFMMEAtancHUQ7/d/tAiHf64z8MopFDmcrtbcJuerDtFceuAfQJ2pDSfCKCtbqoGBNnwg0w==",
    "@ungap/structured-clone@1.2.0": "zuVdFrMJiuCDQUMCzQaD6KL28MjnqqN8XnAqiEq9PNm/hCPTSGfrXCOfwj1ow4LFb/tNymJPwsNbVePc1xFqrQ==",
    "@zarrita/storage@0.2.0": "855ZXqtnds7spnT8vNvD+MXa3QExP1m2GqShe8yt7uZXHnQLgJHgkpVwFjE1B0KDDRO0ki09hmk6OboTaIfPsQ==",
    "array-equal@1.0.2": "gUHx76KtnhEgB3HOuFYiCm3FIdEs6ocM2asHvNTkfu/Y09qQVrrVVaOKENmS2KkSaGoxgXNqC+ZVtR/n0MOkSA==",
    "fflate@0.8.2": "cPJU47OaAoCbg0pBvzsgpTPhmhqI5eJjh/JIu8tPj5q+T7iLvW/JAYUqmE7KOB4R1ZyEhzBaIQpQpardBF5z8A==",
    "gl-matrix@3.4.3": "wcCp8vu8FT22BnvKVPjXa/ICBWRq/zjFfdofZy1WSpQZpphblv12/bOQLBC1rMM7SGOFS9ltVmKOHil5+Ml7gA==",
    "nifti-reader-js@0.8.0": "iO1iIhQDfKniy+l/86HfOPte7So+SxBmBiMSiUB2VXU7z4hSewMTlE3h0fCgfzfXvMUa+ilzLTJ2ZHmtFw6EWw==",
    "numcodecs@0.3.2": "6YSPnmZgg0P87jnNhi3s+FVLOcIn3y+1CTIgUulA3IdASzK9fJM87sUFkpyA+be9GibGRaST2wCgkD+6U+fWKw==",
    "zarrita@0.5.0": "wyvnnzeXh9rBCZxsn6GEW4oXDv3LD2f4KSJ6LLFjYaMNtmAtaSt3qEO3fHuuq0VZWUGb8cjTYDEtwJTa09wp6g==",
}  # fmt: skip
SCRIPT = "package/dist/niivue.umd.js"
LICENCE = """BSD 2-Clause License

Copyright (c) 2021, Niivue
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""
"""Of NiiVue's repository; its package holds none."""
FONT = "Its font is Roboto, Copyright Google, Apache License 2.0 (www.apache.org/licenses)."


def fetched(package: str) -> tarfile.TarFile:
    """Return a package of the npm registry, once its hash is right."""
    name, _, version = package.rpartition("@")
    file = f"{name.rpartition('/')[2]}-{version}.tgz"
    with urllib.request.urlopen(f"https://registry.npmjs.org/{name}/-/{file}") as answer:
        content = answer.read()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != PACKAGES[package]:
        sys.exit(f"{package} is not what it was: its hash is another; nothing was written")
    return tarfile.open(fileobj=io.BytesIO(content))


def read(archive: tarfile.TarFile, wanted: str) -> bytes:
    """Return the file of an archive whose path matches a pattern."""
    name = next(name for name in archive.getnames() if re.fullmatch(wanted, name, re.I))
    return archive.extractfile(name).read()


def main() -> None:
    """Fetch, check and write."""
    archives = {package: fetched(package) for package in PACKAGES}
    script = read(archives.pop(NIIVUE), re.escape(SCRIPT))
    texts = [f"{NIIVUE}\n\n{LICENCE}", FONT, "It contains:"]
    for package, archive in archives.items():
        licence = read(archive, r"package/licen[cs]e(\.\w+)?").decode().replace("\r\n", "\n")
        texts.append(f"{package}\n\n{licence.strip()}")
    (FOLDER / "niivue.js.gz").write_bytes(gzip.compress(script, 9, mtime=0))
    (FOLDER / "niivue-licence.txt").write_text("\n\n\n".join(texts) + "\n", "utf-8", newline="\n")
    print(f"{NIIVUE}: {len(script):,} bytes, SHA-256 {hashlib.sha256(script).hexdigest()}")


if __name__ == "__main__":
    main()
