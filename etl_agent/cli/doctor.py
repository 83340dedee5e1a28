"""``etl-agent doctor``: whether this installation can run the pipelines of the project."""

from __future__ import annotations

import click

from etl_agent.cli.context import PREFIX, command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.failure import safe

__all__ = ["doctor"]


@command()
@click.option("--to", metavar="URL", envvar=f"{PREFIX}_TO", help="A database to reach besides those of the pipelines.")
@json_option
@quiet_option
def doctor(*, to: str | None, as_json: bool, quiet: bool) -> int:
    """Check the installation and the project; the exit code is 1 if a run would fail.

    Libraries, scratch, pipelines, .env, targets, time zones and the crontab are looked at. Nothing is changed, and no
    secret is shown. With --quiet only what is amiss is said.
    """
    from etl_agent.run.doctor import examine

    checks = examine(project_of(), target=to)
    if as_json:
        print_json([check.as_dict() for check in checks])
    else:
        for check in checks:
            if not quiet or check.state != "ok":
                click.echo(safe(f"{check.state:<8}{check.name:<14} {check.text}"))
    return int(any(check.state == "wrong" for check in checks))
