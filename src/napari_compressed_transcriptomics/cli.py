"""The command line: each command parses, calls the core, writes and says what it did."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from . import (
    __version__,
    _cli_coherence,
    _cli_compare,
    _cli_difference,
    _cli_models,
    _cli_predict,
    _cli_report,
    _cli_style,
    _cli_train,
)
from ._terminal import Report, clear_line, tell_notes
from .core.errors import UserError

if TYPE_CHECKING:
    from .core.compress import CompressRequest
    from .core.expression import Expression
    from .core.reconstruction import Reconstruction
    from .io.style import Style

PROG = "compressed-transcriptomics"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process where not given.

    Returns
    -------
    int
        Exit code: 0 done, 2 the user's input or setting is at fault (one sentence on
        standard error, nothing written), 130 interrupted with Ctrl-C (`train` saves the best
        model so far).
    """
    arguments = _parser().parse_args(argv)
    # Before torch is loaded: waiting threads sleep. On a busy machine spinning ones cost 5 times
    # the time in training.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        arguments.run(arguments)
    except UserError as error:
        clear_line()
        print(f"{PROG}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        clear_line()
        print(f"{PROG}: interrupted", file=sys.stderr)
        return 130
    return 0


def _info(arguments: argparse.Namespace) -> None:
    expression = _read(arguments)
    facts = _facts(expression)
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return
    size = " x ".join(f"{edge:g}" for edge in facts["voxel_size_mm"])
    low, mean, high = facts["values"].values()
    print(
        f"{expression.name}: {expression.n_samples:,} {facts['samples_are']} x "
        f"{expression.n_genes:,} genes\n"
        f"values    {low:.4g} to {high:.4g}, mean {mean:.4g}\n"
        f"genes     {', '.join(facts['first_genes'])} ...\n"
        f"samples   {', '.join(facts['first_samples'])} ...\n"
        f"grid      {' x '.join(map(str, facts['shape']))} voxels of {size} mm"
    )
    tell_notes(expression.notes)


def _train(arguments: argparse.Namespace) -> None:
    _cli_train.check_name(arguments)
    expression = _read(arguments, tell=True)
    out = arguments.out
    _check_out(out.parent, [out.name], expression.source)
    _cli_train.run(arguments, expression)


def _predict(arguments: argparse.Namespace) -> None:
    _cli_predict.run(arguments, _read(arguments, tell=True))


def _compare(arguments: argparse.Namespace) -> None:
    _cli_compare.run(arguments, _read(arguments, tell=True))


def _coherence(arguments: argparse.Namespace) -> None:
    _cli_coherence.run(arguments, _read(arguments, tell=True))


def _encode(arguments: argparse.Namespace) -> None:
    from .core.compress import CompressRequest
    from .io.component_genes import COMPONENT_GENES_FILES
    from .io.results import check_results_folder

    from_file = arguments.model not in ("pca", "published")
    if arguments.latent is None and not from_file:
        raise UserError(f"--model {arguments.model} needs --latent K, the number of components")
    if arguments.parity and arguments.model != "published":
        raise UserError("--parity is for --model published; leave it out")
    if arguments.parity and arguments.component_genes:
        raise UserError("--component-genes needs samples that are decoded one by one: no --parity")
    more = COMPONENT_GENES_FILES if arguments.component_genes else ()
    expression = _read(arguments, tell=True)
    check_results_folder(arguments.out, expression, arguments.latent or 1, more)
    style = _cli_style.style_of(arguments)
    request = CompressRequest(
        expression=expression,
        codec="model" if from_file else arguments.model,
        latent_size=arguments.latent,
        model_path=Path(arguments.model) if from_file else None,
        device=arguments.device,
        seed=arguments.seed,
        fill_missing=arguments.fill_missing,
        parity=arguments.parity,
    )
    reconstruction = _compress(request)
    _save(reconstruction, arguments.out, request.parameters(), style)
    if arguments.component_genes:
        _save_component_genes(reconstruction, arguments.out, style)


def _demo(arguments: argparse.Namespace) -> None:
    from .core.compress import CompressRequest
    from .core.synthetic import synthetic_brain
    from .io.results import RESULT_FILES

    out = arguments.out
    brain = synthetic_brain()
    _check_out(out, RESULT_FILES, brain.source)
    request = CompressRequest(brain, latent_size=8)
    reconstruction = _compress(request)
    _save(reconstruction, out, request.parameters(), _cli_style.style_of(arguments))
    pca = _compress(CompressRequest(brain, codec="pca", latent_size=8))
    print(f"for comparison: {_result_line(pca)}")
    if arguments.viewer:
        from . import _demo as demo

        demo.show(reconstruction, out)


def _read(arguments: argparse.Namespace, tell: bool = False) -> "Expression":
    from .io import read_expression

    expression = read_expression(
        arguments.input, atlas=arguments.atlas, labels=arguments.labels, impute=arguments.impute
    )
    if tell:
        tell_notes(expression.notes)
    return expression


def _facts(expression: "Expression") -> dict:
    """Return what `info` prints, JSON-safe."""
    import numpy as np

    parcellation, values = expression.parcellation, expression.values
    single = bool((parcellation.voxels_per_sample == 1).all())
    return {
        "name": expression.name,
        "n_samples": expression.n_samples,
        "n_genes": expression.n_genes,
        "samples_are": "voxels" if single else "regions",
        "first_samples": list(expression.samples[:5]),
        "first_genes": list(expression.genes[:5]),
        "values": {
            "min": float(values.min()),
            "mean": float(values.mean(dtype=float)),
            "max": float(values.max()),
        },
        "shape": list(parcellation.labels.shape),
        "voxel_size_mm": np.linalg.norm(parcellation.affine[:3, :3], axis=0).tolist(),
        "affine": parcellation.affine.tolist(),
        "excluded": list(expression.excluded),
        "notes": list(expression.notes),
        "source": expression.source,
    }


def _compress(request: "CompressRequest") -> "Reconstruction":
    from .core.compress import compress_steps
    from .core.novelty import told
    from .core.progress import finish

    reconstruction = finish(compress_steps(request), Report())
    clear_line()
    fitted_elsewhere = request.codec in ("model", "published")
    tell_notes(told(reconstruction) if fitted_elsewhere else reconstruction.notes)
    return reconstruction


def _save(reconstruction: "Reconstruction", out: Path, parameters: dict, style: "Style") -> None:
    from .io.results import save_results

    paths = save_results(reconstruction, out, parameters, style)
    print(_result_line(reconstruction))
    print(*paths, sep="\n")


def _save_component_genes(reconstruction: "Reconstruction", out: Path, style: "Style") -> None:
    from .core.components import component_genes
    from .io.component_genes import COMPONENT_GENES_FILES, write_component_genes_csv

    genes = component_genes(reconstruction, report=Report())
    clear_line()
    path = out / COMPONENT_GENES_FILES[0]
    print(*write_component_genes_csv(path, genes, reconstruction, style), sep="\n")
    tell_notes(() if genes.error is None else (genes.basis,))


def _result_line(result: "Reconstruction") -> str:
    samples, genes = result.expression.n_samples, result.expression.n_genes
    return (
        f"{result.codec.id} with {result.codec.latent_size} components: RMSE {result.rmse:.4f}, "
        f"R2 {result.r2:.3f}, {samples:,} samples x {genes:,} genes, "
        f"{result.seconds:.2g} s on {result.device}"
    )


def _check_out(folder: Path, names: Sequence[str], source: dict) -> None:
    """Refuse before any work what could not be written after it."""
    from .io.atomic import check_targets, refuse_overwriting

    check_targets(folder, names)
    refuse_overwriting([folder / name for name in names], source)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, without the usage."""
        self.exit(2, f"{PROG}: error: {message}\n")


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return value


def _positive(text: str) -> int:
    value = _count(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 is too small; give at least 1")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROG, description="Compress expression of genes in the brain into a few components."
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reading = _Parser(add_help=False)
    reading.add_argument("input", metavar="INPUT", help="4-D NIfTI, CSV, TSV, Parquet or h5ad")
    reading.add_argument("--atlas", metavar="A", help="label NIfTI that says where the rows lie")
    reading.add_argument("--labels", metavar="L", help="table that names the ids of the atlas")
    reading.add_argument(
        "--impute",
        choices=("gene_mean", "drop_genes"),
        help="what to do about single missing values (refused otherwise)",
    )
    working = _Parser(add_help=False)
    working.add_argument("--seed", type=_count, default=0, metavar="N", help="default: 0")
    working.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto")

    def command(name: str, run: Callable, summary: str, *parents: _Parser):
        sub = commands.add_parser(name, help=summary, description=summary, parents=parents)
        sub.set_defaults(run=run)
        return sub

    info = command("info", _info, "Say what a file holds.", reading)
    info.add_argument("--json", action="store_true", help="print a JSON object")

    train = command("train", _train, _cli_train.SUMMARY, reading, working)
    train.epilog = _cli_train.DETAILS
    _cli_train.add_options(train)

    encode = command("encode", _encode, "Save latents and errors.", reading, working)
    encode.add_argument(
        "--model", required=True, metavar="MODEL", help="model file, pca or published"
    )
    encode.add_argument("--latent", type=_positive, metavar="K", help="components, but for a file")
    encode.add_argument("--out", type=Path, required=True, metavar="DIR")
    encode.add_argument(
        "--fill-missing",
        action="store_true",
        help="accept a few genes that the model knows and the data lacks",
    )
    encode.add_argument(
        "--parity",
        action="store_true",
        help="do as the published notebook does: batch statistics, limits of these data",
    )
    encode.add_argument(
        "--component-genes",
        action="store_true",
        help="save how much each gene changes with each component, for enrichment tools, too",
    )
    _cli_style.add_style_options(encode)

    compare = command("compare", _compare, _cli_compare.SUMMARY, reading, working)
    compare.epilog = _cli_compare.DETAILS
    _cli_compare.add_options(compare, _positive)

    predict = command("predict", _predict, _cli_predict.SUMMARY, reading, working)
    predict.epilog = _cli_predict.DETAILS
    _cli_predict.add_options(predict, _count, _positive)

    coherence = command("coherence", _coherence, _cli_coherence.SUMMARY, reading, working)
    coherence.epilog = _cli_coherence.DETAILS
    _cli_coherence.add_options(coherence, _positive)

    report = command("report", _cli_report.run, _cli_report.SUMMARY)
    report.epilog = _cli_report.DETAILS
    _cli_report.add_options(report)

    difference = command("difference", _cli_difference.run, _cli_difference.SUMMARY)
    difference.epilog = _cli_difference.DETAILS
    _cli_difference.add_options(difference)

    about_models = "Fetch published weights, and say what model files hold."
    models = commands.add_parser("models", help=about_models, description=about_models)
    _cli_models.add_commands(models.add_subparsers(required=True, metavar="COMMAND"))

    demo = command("demo", _demo, "Do the main job on a synthetic brain and show it.")
    demo.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR")
    demo.add_argument("--no-viewer", dest="viewer", action="store_false", help="only write files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
