"""The command line's commands and flags: what they are called, what they take, and what `--help` says of them."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from exporter import __version__
from exporter.documents.faults import closest
from exporter.durations import parse_duration
from exporter.logs import FORMATS, LEVELS

DEFAULT_FILE = "sms-exporter.yml"
DEFAULT_ADDRESS = ":10077"
CHECK_FORMATS = ("table", "json", "prometheus", "nagios")
Leave = Callable[[int], None]
"""Ends the process with an exit code, or doesn't."""

CHECK_FAILED = 3
"""What `check` ends with where nothing could be checked: `unknown` to every monitoring system."""


class _Parser(argparse.ArgumentParser):
    """A parser that knows which flag an unknown one is close to, and shows the flags of what no command means."""

    default_command: "_Parser | None" = None

    def format_help(self) -> str:
        """As argparse's, with the default command's flags behind it."""
        text = super().format_help()
        if self.default_command is None:
            return text
        formatter = self._get_formatter()
        formatter.start_section("flags of serve")
        formatter.add_arguments(each for each in self.default_command._actions if each.dest != "help")
        formatter.end_section()
        return f"{text}\n{formatter.format_help()}"

    def parse_known_args(  # type: ignore[override]  # argparse's overloads are about other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse's, but nothing may be left over."""
        options, left = super().parse_known_args(args, namespace)
        if left:
            flag = next((each.partition("=")[0] for each in left if each.startswith("-")), "")
            close = closest(flag, self._option_string_actions) if flag else None
            self.error(f"unrecognized arguments: {' '.join(left)}" + (f"; did you mean {close}?" if close else ""))
        return options, left


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = _Parser(
        prog="sms-exporter",
        description="Prometheus exporter for the credit, subscription status and contact quota of SMS, RCS and WhatsApp"
        " accounts. Without a command it serves.",
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=_version())
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    serve = whole.default_command = _command(commands, "serve", "serve metrics (the default)")
    _add_config_file(serve)
    _add_reload_flags(serve)
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
        help="another number, another scenario (default: %(default)s)",
    )  # fmt: skip
    demo.add_argument(
        "--provider", dest="providers", action="append", default=[], metavar="ID-or-FILE",
        help="simulate an account of this provider too: a built-in one, or a definition of your own; repeatable",
    )  # fmt: skip
    _add_serving_flags(demo)
    _add_check(
        _command(commands, "check", "query the accounts once: exit code 0 fine, 1 warning, 2 critical, 3 unknown")
    )
    check_config = _command(commands, "check-config", "validate a configuration file: exit code 1 where it has faults")
    which = check_config.add_mutually_exclusive_group()
    which.add_argument("file", metavar="FILE", nargs="?", help="the file")
    _add_config_file(which)
    check_config.add_argument(
        "--syntax-only", action="store_true", help="read no secret and no certificate, for a place that has none"
    )
    providers = _command(commands, "providers", "list the providers, or one's apis, sign-in forms and metrics")
    providers.add_argument("id", metavar="ID", nargs="?", help="a provider's id")
    providers.add_argument("--file", metavar="FILE", help="a definition of your own instead of a built-in provider")
    providers.add_argument("--try", dest="tries", action="store_true", help="print what is read from --answer")
    providers.add_argument("--answer", metavar="FILE", help="with --try: the body of an answer; - is standard input")
    providers.add_argument("--status", type=int, default=200, help="with --try: its HTTP status (default: %(default)s)")
    providers.add_argument("--request", action="store_true", help="print the exact request, with names for secrets")
    providers.add_argument("--api", metavar="NAME", help="with --try or --request: which api, where there are several")
    schema = _command(commands, "schema", "print the JSON Schema of the configuration, or of a provider's definition")
    schema.add_argument(
        "of", metavar="OF", nargs="?", choices=("config", "provider"), default="config",
        help="config or provider (default: %(default)s)",
    )  # fmt: skip
    return whole


def _command(commands: "argparse._SubParsersAction[_Parser]", name: str, does: str) -> _Parser:
    return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.", allow_abbrev=False)


def _version() -> str:
    return (
        f"sms-exporter, version {__version__} (python {sys.version_info.major}.{sys.version_info.minor}"
        f".{sys.version_info.micro}, {sys.platform})"
    )


def _add_config_file(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--config.file", dest="config_file", default=DEFAULT_FILE, metavar="FILE",
        help="the configuration (default: %(default)s)",
    )  # fmt: skip


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accounts", metavar="ACCOUNT", nargs="*", help="names of accounts (default: all)")
    _add_config_file(parser)
    parser.add_argument(
        "--format", choices=CHECK_FORMATS, default="table",
        help="table for a person, json, prometheus for a textfile collector, nagios (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=_positive_seconds, metavar="SECONDS",
        help="how long it may take in all, of which the calls get half at least"
        " (default: as long as the accounts' own timeouts)",
    )  # fmt: skip
    parser.add_argument(
        "--changes", type=Path, metavar="FILE",
        help="print only the accounts whose state is another than in the run before, which FILE remembers",
    )  # fmt: skip


def _add_reload_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.enable-auto-reload", dest="enable_auto_reload", action="store_true",
        help="load the configuration anew when the file's content has changed",
    )  # fmt: skip
    parser.add_argument(
        "--config.auto-reload-interval", dest="auto_reload_interval", type=_interval, default="30s", metavar="DURATION",
        help="how often to look (default: %(default)s)",
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
        "--web.external-url", dest="external_url", type=_external_url, metavar="URL",
        help="where others reach the exporter, such as https://sms.example.org (default: as each request has it)",
    )  # fmt: skip
    parser.add_argument(
        "--web.systemd-socket", dest="systemd_socket", action="store_true",
        help="listen on the sockets that systemd hands over, instead of --web.listen-address",
    )  # fmt: skip
    parser.add_argument(
        "--web.config.file", dest="web_config_file", metavar="FILE",
        help="TLS, users and headers of the port, in the exporter-toolkit's format (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--web.health-without-password", dest="health_without_password", action="store_true",
        help="let /-/healthy and /-/ready answer without the password that --web.config.file asks for",
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
        "--log.level", dest="log_level", choices=LEVELS, default="info",
        help="lowest level that is logged (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--log.format", dest="log_format", choices=FORMATS, default="logfmt",
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


def _positive_seconds(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise argparse.ArgumentTypeError("a number of seconds above 0, such as 10")
    return seconds


def _interval(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not seconds:
        raise argparse.ArgumentTypeError("a duration above 0, such as 30s")
    return seconds


def _external_url(text: str) -> str:
    from exporter.web.discovery import parse_external_url  # noqa: PLC0415  # whoever doesn't give the flag doesn't pay for it

    try:
        parse_external_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
