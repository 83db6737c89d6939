"""The command line: commands and flags."""

import argparse
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter import __version__
from exporter.faults import ConfigError

if TYPE_CHECKING:
    from exporter.settings import Settings

logger = logging.getLogger(__name__)

DEFAULT_FILE = "sms-exporter.yml"
DEFAULT_ADDRESS = ":10077"
COMMANDS = ("serve", "demo", "check-config", "providers", "schema")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "serve")
    options = parser.parse_args(given)
    run = {
        "serve": _serve,
        "demo": _demo,
        "check-config": _check_config,
        "providers": _providers,
        "schema": _schema,
    }[options.command]
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sms-exporter",
        description="Prometheus exporter for the credit, subscription status and contact quota of SMS, RCS and WhatsApp"
        " accounts. Without a command it serves.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    serve = _command(commands, "serve", "serve metrics (the default)")
    _add_config_flags(serve)
    _add_serving_flags(serve)
    demo = _command(
        commands, "demo", "simulated accounts and the exporter in one process: no file, no credentials, no network"
    )
    demo.add_argument(
        "--demo.speed",
        dest="demo_speed",
        type=_speed,
        metavar="FACTOR",
        help="how much faster the simulated accounts' clock runs (default: 60)",
    )
    demo.add_argument(
        "--demo.seed", dest="demo_seed", type=_whole, default=1, metavar="NUMBER",
        help="another number, another story (default: %(default)s)",
    )  # fmt: skip
    _add_serving_flags(demo)
    check_config = _command(commands, "check-config", "validate a configuration file: exit code 1 where it has faults")
    check_config.add_argument(
        "file", metavar="FILE", nargs="?", default=DEFAULT_FILE, help="the file (default: %(default)s)"
    )
    providers = _command(commands, "providers", "list the providers, or one's apis, sign-in forms and metrics")
    providers.add_argument("id", metavar="ID", nargs="?", help="a provider's id")
    _command(commands, "schema", "print the configuration's JSON Schema")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, does: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.", allow_abbrev=False)


def _version() -> str:
    return (
        f"sms-exporter, version {__version__} (python {sys.version_info.major}.{sys.version_info.minor}"
        f".{sys.version_info.micro}, {sys.platform})"
    )


def _add_config_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file", dest="config_file", default=DEFAULT_FILE, metavar="FILE",
        help="the configuration (default: %(default)s)",
    )  # fmt: skip


def _add_serving_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.listen-address", dest="listen_addresses", action="append", metavar="ADDRESS",
        help=f"where to listen: :10077, 127.0.0.1:10077, [::1]:10077; port 0 takes a free one and logs it;"
        f" repeatable (default: {DEFAULT_ADDRESS})",
    )  # fmt: skip
    parser.add_argument(
        "--web.telemetry-path", dest="telemetry_path", type=_path, default="/metrics", metavar="PATH",
        help="where metrics are served (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--web.enable-lifecycle", dest="enable_lifecycle", action="store_true",
        help="allow a reload by POST or PUT to /-/reload",
    )  # fmt: skip
    parser.add_argument(
        "--web.max-requests", dest="max_requests", type=_count, default=40, metavar="NUMBER",
        help="scrapes and probes served at once, 503 past it, 0 for no limit (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout-offset", dest="timeout_offset", type=_seconds, default=0.5, metavar="SECONDS",
        help="how long before the scraper's timeout a scrape ends (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--log.level", dest="log_level", choices=("debug", "info", "warn", "error"), default="info",
        help="lowest level that is logged (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--log.format", dest="log_format", choices=("logfmt", "json"), default="logfmt",
        help="form of log lines (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=_version())


def _path(text: str) -> str:
    if not text.startswith("/") or text != text.strip() or any(character in text for character in "{}?#"):
        raise argparse.ArgumentTypeError("a path begins with / and holds none of {}?#")
    if text in {"/", "/probe", "/sd"} or text.startswith("/-/"):
        raise argparse.ArgumentTypeError(f"{text} is a path of the exporter's own")
    return text


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("a whole number from 0 on")
    return int(text)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a whole number") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("a number of seconds from 0 on, such as 0.5")
    return seconds


def _speed(text: str) -> float:
    speed = _seconds(text)
    if not speed:
        raise argparse.ArgumentTypeError("a factor above 0, such as 60")
    return speed


def _check_config(options: argparse.Namespace) -> int:
    from exporter.config.loading import load  # noqa: PLC0415  # each command pays for its own imports alone

    try:
        loaded = load(Path(options.file))
    except ConfigError as error:
        for fault in sorted((*error.warnings, *error.faults), key=lambda fault: fault.line):
            print(fault, file=sys.stderr)
        return 1
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    count = len(loaded.settings.accounts)
    print(f"{options.file}: valid, {count} account{'' if count == 1 else 's'}")
    return 0


def _schema(_options: argparse.Namespace) -> int:
    from exporter.config.models import json_schema  # noqa: PLC0415

    print(json.dumps(json_schema(), indent=2))
    return 0


def _providers(options: argparse.Namespace) -> int:
    from exporter.faults import nearest  # noqa: PLC0415
    from exporter.listing import describe, overview  # noqa: PLC0415
    from exporter.providers.catalogue import builtin  # noqa: PLC0415

    catalogue = builtin()
    if options.id is None:
        print(overview(catalogue))
        return 0
    if options.id not in catalogue:
        print(f"no provider {options.id!r}; {nearest(options.id, catalogue)}", file=sys.stderr)
        return 1
    print(describe(catalogue[options.id]))
    return 0


def _serve(options: argparse.Namespace) -> int:
    from exporter import logs  # noqa: PLC0415
    from exporter.config.loading import load  # noqa: PLC0415

    logs.configure(options.log_level, options.log_format)
    path = Path(options.config_file)

    def read() -> "Settings":
        loaded = load(path)
        for warning in loaded.warnings:
            logger.warning("Configuration is odd", extra={"err": str(warning)})
        return loaded.settings

    return _until_ended(_run(options, read))


def _demo(options: argparse.Namespace) -> int:
    from exporter import logs, serving  # noqa: PLC0415
    from exporter.demo import Demo  # noqa: PLC0415

    logs.configure(options.log_level, options.log_format)

    async def run() -> int:
        async with Demo(options.demo_seed, time.time(), options.demo_speed) as demo:

            def welcome(addresses: Sequence[str]) -> None:
                print(demo.welcome(serving.url(addresses[0]), options.telemetry_path), flush=True)

            return await _run(options, demo.load, welcome)

    return _until_ended(run())


def _until_ended(main: Coroutine[Any, Any, int]) -> int:
    from exporter import serving  # noqa: PLC0415

    try:
        return serving.run(main)
    except ConfigError as error:
        for warning in error.warnings:
            logger.warning("Configuration is odd", extra={"err": str(warning)})
        for fault in error.faults:
            logger.error("Configuration is not valid", extra={"err": str(fault)})  # noqa: TRY400
        return 1
    except serving.AddressError as error:
        logger.error("Can't listen", extra={"err": str(error)})  # noqa: TRY400
        return 1


async def _run(
    options: argparse.Namespace,
    load: Callable[[], "Settings"],
    started: Callable[[Sequence[str]], None] = lambda _addresses: None,
) -> int:
    from exporter.app import WebOptions, create_app  # noqa: PLC0415
    from exporter.service import Service  # noqa: PLC0415
    from exporter.serving import listen, serve  # noqa: PLC0415

    listeners = [listener for address in options.listen_addresses or [DEFAULT_ADDRESS] for listener in listen(address)]
    service = Service(load)
    web_options = WebOptions(
        options.telemetry_path, options.enable_lifecycle, options.max_requests, options.timeout_offset
    )
    return await serve(
        create_app(service, web_options), listeners, reload=service.reload, close=service.aclose, started=started
    )
