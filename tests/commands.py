"""The command line as tests call it, and the sample files."""

from pathlib import Path

from napari_compressed_transcriptomics.cli import command_line

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
REGIONS = str(SAMPLES / "synthetic_regions.csv")
BRAIN = str(SAMPLES / "synthetic_brain.nii.gz")


def run(*arguments: object) -> int:
    """Run a command; argparse leaves through SystemExit, as a process would."""
    try:
        return command_line.main([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)


def refused(capsys, *arguments: object) -> str:
    """Run a command that must fail as promised; return its sentence."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("compressed-transcriptomics: error: ")
    assert captured.out == ""
    return lines[0]


def files_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))
