"""Command line: ``python -m replications COMMAND``; the parser below lists the commands."""

from __future__ import annotations

import argparse
import sys
import textwrap

from mlm import __version__, console
from mlm.errors import MlmError
from replications import certificate, chapters, fetch, listing, scoreboard
from replications.data import dataset, datasets
from replications.drafts import command as drafts
from replications.errors import OriginalsError
from replications.printouts import command as printouts
from replications.registry import SOURCES
from replications.twins import commands as twins
from replications.verify import main as verify

ABOUT = "The numbers that tutorials on multilevel models printed, and the same numbers as computed here."
EXAMPLES = """\
examples:
  python -m replications list
  python -m replications show learn_mlms_ch4 null_model
  python -m replications check learn_mlms_ch4      runs the chapter, a few seconds; all take minutes
  python -m replications read log.txt              the numbers of a printout, with their ids
  python -m replications verify log.txt            whether they are consistent with each other
  python -m replications verify log.txt scores.csv ... and with the data
  python -m replications new day2 log.txt d.csv    a chapter begun with a printout
  python -m replications fetch heck2011            the original file, where it is public, into a cache folder
"""
WIDTH = 79  # of descriptions
STATUS = "Exit status: 0 where all agree, 1 where a number differs, 2 where none could be read."


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line by default.
    """
    status = 0
    with console.command():
        chosen = _parser().parse_args(arguments)
        try:
            status = int(chosen.run(chosen))
        except MlmError as error:
            print(error, file=sys.stderr)
            status = 2
    return status


def _parser() -> argparse.ArgumentParser:
    """Return the parser; what it reads has ``run``, which takes what was read and returns the exit status."""
    parser: argparse.ArgumentParser = console.Parser(
        prog="python -m replications",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"multilevel-replications {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_tables(commands)
    _add_runs(commands)
    _add_read(commands)
    _add_verify(commands)
    _add_new(commands)
    about = "The synthetic twins: original data -> data/aggregates/ -> data/twins/."
    _add_twins(commands.add_parser("twins", help="make the synthetic twins of the data sets", description=about))
    return parser


def _begin(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str, more: str, *examples: str
) -> argparse.ArgumentParser:
    """Return the parser of a command, whose help says what it does, what comes of it, and how it is written."""
    said = f"{about[0].upper()}{about[1:]}{'' if about.endswith('?') else '.'} {more}"
    shown = "".join(f"\n  python -m replications {name}{example and ' '}{example}" for example in examples)
    return commands.add_parser(
        name,
        help=about,
        description=textwrap.fill(said, WIDTH),
        epilog=f"examples:{shown}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_tables(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what shows the printed numbers."""
    about = "list the tutorials, and how many of their numbers are reproduced"
    more = "Below each stand its author, its title and its data set. The first word is its name for the other commands."
    kinds = _begin(commands, "list", about, more)
    kinds.set_defaults(run=lambda chosen: listing.main())
    about = "show what a tutorial printed, where, and what is computed here"
    more = (
        "A number has two lines: its id, the printed and the computed value; what it is, and its place in the source."
    )
    show = _begin(commands, "show", about, more, "soci832_multilevel model3", "day1_basics")
    show.add_argument("source", help=", ".join(SOURCES))
    show.add_argument("name", nargs="?", default="", help="the beginning of the ids, such as null_model (default: all)")
    show.set_defaults(run=lambda chosen: listing.main(chosen.source, chosen.name))
    about = "write every number as printed and as computed, with data, versions and commit"
    more = "The page certificate-SOURCE.html, and the same as .json, need nothing else: for a review or an archive."
    paper = _begin(commands, "certificate", about, more, "day1_basics --to kept")
    paper.add_argument("source", nargs="*", help=f"{', '.join(SOURCES)} (default: all)")
    paper.add_argument("--to", default=".", metavar="FOLDER", help="where the page and its JSON go (default: here)")
    paper.set_defaults(run=lambda chosen: certificate.main(chosen.source, chosen.to))


def _add_runs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what makes them anew."""
    about = "run the chapters and print the scoreboard; needs the repository"
    more = "The computed numbers are compared with the printed ones; the exit status is 1 where one differs."
    check = _begin(commands, "check", about, more, "learn_mlms_ch4", "")
    check.add_argument("source", nargs="*", help=f"{', '.join(SOURCES)} (default: all)")
    check.add_argument("--store", action="store_true", help="store the records that are committed")
    check.set_defaults(run=lambda chosen: chapters.main(chosen.source, chosen.store))
    about = "write the book's scoreboard page from the records; outside of the repository print the counts"
    more = "The records are those of the last check or, if there was none, those that come with the package."
    board = _begin(commands, "scoreboard", about, more)
    board.set_defaults(run=lambda chosen: scoreboard.main())
    about = "download the original data files"
    more = (
        "They go into a cache folder, or into the one that the variable MLM_ORIGINALS names, and their checksums are "
        "compared. Then replications.load returns them; what cannot be had is named, and its twin serves as before."
    )
    get = _begin(commands, "fetch", about, more, "heck2011")
    get.add_argument("name", nargs="*", help=f"{', '.join(datasets())} (default: all)")
    get.set_defaults(run=lambda chosen: fetch.main(chosen.name))


def _add_read(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "read what R printed: blocks, numbers, and the lines that were not read"
    more = "Each number has an id, the string as printed, and its line. The exit status is 2 where no block was read."
    read = _begin(commands, "read", about, more, "log.txt", "page.html --json")
    read.add_argument("file", help="a text, Markdown or R Markdown page, notebook or web page; - for standard input")
    read.add_argument("--json", action="store_true", help="as JSON")
    read.set_defaults(run=lambda chosen: printouts.main(chosen.file, chosen.json))


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "check a printout: are its numbers consistent with each other, and with the data?"
    parser = commands.add_parser("verify", help=about, description=f"{about[0].upper()}{about[1:]}", epilog=STATUS)
    parser.add_argument(
        "file", metavar="printout", help="what R printed, in a file as `read` takes it; - for standard input"
    )
    parser.add_argument(
        "data", nargs="?", help="the file that the models were fitted to, of any kind mlm.read_data reads"
    )
    face = parser.add_mutually_exclusive_group()
    for name, what in (("json", "as JSON"), ("html", "as one web page that needs nothing else")):
        face.add_argument(f"--{name}", dest="face", action="store_const", const=name, default="text", help=what)
    parser.add_argument(
        "--formula", help="of a printout that shows none, or another one; of several, MODEL=FORMULA", action="append"
    )
    parser.add_argument("--weights", help="column of prior weights")
    method = parser.add_mutually_exclusive_group()
    method.add_argument("--reml", action="store_true", default=None, help="fit by REML")
    method.add_argument("--ml", dest="reml", action="store_false", help="fit by maximum likelihood")
    parser.add_argument(
        "--rename", action="append", type=_pair, metavar="OLD=NEW", help="a printed name, and its column"
    )
    parser.add_argument("--where", help="which rows: a condition such as 'year == 2016'")
    parser.set_defaults(run=_verify)


def _add_new(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "begin a chapter with a printout: registry, data set and notebook; needs the repository"
    parser = commands.add_parser("new", help=about, description=f"{about[0].upper()}{about[1:]}")
    parser.add_argument("key", help="name of the new source: small letters, digits, underscores")
    parser.add_argument("file", metavar="printout", help="what R printed, in a file as `read` takes it")
    parser.add_argument(
        "data", nargs="?", help=f"the file the models were fitted to, or one of {', '.join(datasets())}"
    )
    parser.add_argument("--ship", action="store_true", help="the data may be passed on: take the file along")
    parser.add_argument("--formula", action="append", help="as that of `verify`")
    parser.set_defaults(
        run=lambda chosen: drafts.main(
            chosen.key, chosen.file, chosen.data, formula=_formulas(chosen.formula), ship=chosen.ship
        )
    )


def _verify(chosen: argparse.Namespace) -> int:
    given = {name: getattr(chosen, name) for name in ("weights", "reml", "where")}
    given |= {"formula": _formulas(chosen.formula), "rename": dict(chosen.rename) if chosen.rename else None}
    return verify(chosen.file, chosen.data, face=chosen.face, **given)


def _formulas(texts: list[str] | None) -> str | dict[str, str] | None:
    """Return one formula, or several by the names of their models, which stand before the first ``=``."""
    named = [text.partition("=") for text in texts or () if "=" in text.partition("~")[0]]
    if named:
        return {name.strip(): formula.strip() for name, _, formula in named}
    return texts[-1] if texts else None


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"a printed name and its column are written old=new; got {text!r}")
    return old, new


def _add_twins(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        command.add_argument("name", nargs="*", type=_known, help=f"{', '.join(datasets())} (default: all)")
        return command

    aggregate = add("aggregate", "make data/aggregates/ from the original data, the only step that sees original rows")
    aggregate.set_defaults(run=lambda chosen: twins.aggregate(chosen.name))
    make = add("make", "make data/twins/ from data/aggregates/, the same bytes each time")
    make.set_defaults(run=lambda chosen: twins.make(chosen.name, chosen.quiet))
    check = add("check", "make the twins anew, write nothing, and compare with the committed ones")
    check.set_defaults(run=lambda chosen: twins.check(chosen.name, chosen.quiet))
    for command in (make, check):
        command.add_argument("--quiet", action="store_true", help="no progress on standard error")
    report = add("report", "print what the aggregates and the twins give away; shares of equal rows need the originals")
    report.set_defaults(run=lambda chosen: twins.report(chosen.name))


def _known(name: str) -> str:
    """Return the name of a data set; argparse turns the error into one that ends with status 2."""
    try:
        return dataset(name).name
    except OriginalsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
