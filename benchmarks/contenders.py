"""What is compared: each contender loads one CSV file into an empty database, as one command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Contender", "Inputs", "Job", "contenders"]

TYPED = {
    "order_id": "bigint",
    "customer_id": "bigint",
    "order_ts": "timestamp",
    "status": "text",
    "country": "text",
    "quantity": "bigint",
    "unit_price": "numeric(12,2)",
    "discount": "numeric(5,2)",
    "weight_kg": "double precision",
    "is_gift": "boolean",
    "email": "text",
    "notes": "text",
}
"""The twelve columns and their Postgres types, as benchmarks/pipelines/orders_full.yaml loads them."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the contenders work on and with.

    Args:
        orders: the messy file.
        clean: the same orders as our pipeline loaded them, for loaders into typed columns; it must exist when the
            job runs, not when it is made.
        pipeline: our pipeline file.
        etl_agent: our program.
        peers: folder of the peers' scripts, or None.
        python: an interpreter that has the peers' packages.
        psql: the client program of the server's release, or None.
    """

    orders: Path
    clean: Path
    pipeline: Path
    etl_agent: Path
    peers: Path | None
    python: Path
    psql: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One command and what must be there before it.

    Args:
        argv: the command.
        table: where the rows are afterwards.
        setup: SQL to run first, not measured.
        env: variables to add.
    """

    argv: tuple[str, ...]
    table: str
    setup: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to load the file.

    Args:
        name: for the table.
        target: ``sqlite`` or ``postgres``.
        job: makes the command for a database URL (``sqlite:///PATH`` or what libpq reads).
        missing: why it cannot run here, or None.
        baseline: whether others on the target are given as a ratio to it.
    """

    name: str
    target: str
    job: Callable[[str], Job]
    missing: str | None = None
    baseline: bool = False


def contenders(inputs: Inputs) -> tuple[Contender, ...]:
    """List every contender; those that cannot run here say why."""
    names = ", ".join(TYPED)
    text = ", ".join(f"{name} text" for name in TYPED)
    typed = ", ".join(f"{name} {kind}" for name, kind in TYPED.items())
    no_psql = None if inputs.psql else "there is no psql"
    no_sqlite = None if shutil.which("sqlite3") else "there is no sqlite3 program"

    def ours(url: str) -> Job:
        return Job(
            (str(inputs.etl_agent), "run", str(inputs.pipeline), "--quiet", "--var", f"orders={inputs.orders}"),
            table="orders",
            env={"DATABASE_URL": _for_sqlalchemy(url)},
        )

    def copy(url: str, *, columns: str, file: Path) -> Job:
        command = rf"\copy orders ({names}) from '{file}' with (format csv, header)"
        argv = (inputs.psql or "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command)
        return Job(argv, table="orders", setup=f"CREATE TABLE orders ({columns})")

    def dot_import(url: str) -> Job:
        # double quotes, as the shell of sqlite3 reads them
        command = f'.import --csv --skip 1 "{inputs.orders}" orders'
        argv = ("sqlite3", url.removeprefix("sqlite:///"), command)
        return Job(argv, table="orders", setup=f"CREATE TABLE orders ({text})")

    def peer(url: str, *, script: str, modes: tuple[str, ...], table: str) -> Job:
        argv = (str(inputs.python), str((inputs.peers or Path()) / script), *modes, str(inputs.orders), url)
        return Job(argv, table=table)

    def pandas(url: str) -> Job:
        return peer(_for_sqlalchemy(url), script="pandas_load.py", modes=("default",), table="li")

    def dlt(url: str) -> Job:
        return peer(url, script="dlt_load.py", modes=("rows",), table="li" if url.startswith("sqlite") else "dltb.li")

    no_pandas = _missing(inputs, script="pandas_load.py", imports="pandas, sqlalchemy, psycopg")
    no_dlt = _missing(inputs, script="dlt_load.py", imports="dlt, psycopg2, sqlalchemy")
    return (
        Contender(
            r"psql \copy, text",
            "postgres",
            lambda url: copy(url, columns=text, file=inputs.orders),
            missing=no_psql,
            baseline=True,
        ),
        Contender(
            r"psql \copy, typed (cleaned file)",
            "postgres",
            lambda url: copy(url, columns=typed, file=inputs.clean),
            missing=no_psql,
        ),
        Contender("etl-agent, everything on", "postgres", ours),
        Contender("pandas.to_sql", "postgres", pandas, missing=no_pandas),
        Contender("dlt", "postgres", dlt, missing=no_dlt),
        Contender("sqlite3 .import, text", "sqlite", dot_import, missing=no_sqlite, baseline=True),
        Contender("etl-agent, everything on", "sqlite", ours),
        Contender("pandas.to_sql", "sqlite", pandas, missing=no_pandas),
        Contender("dlt", "sqlite", dlt, missing=no_dlt),
    )


def _for_sqlalchemy(url: str) -> str:
    """Name the driver, and a socket's folder as SQLAlchemy reads it (libpq has it in place of the host)."""
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    if parts.scheme != "postgresql" or not host.startswith("%2F"):
        return url.replace("postgresql://", "postgresql+psycopg://")
    return f"postgresql+psycopg://{account}@{parts.path}?host={unquote(host)}"


def _missing(inputs: Inputs, *, script: str, imports: str) -> str | None:
    if inputs.peers is None:
        return "no --peers folder"
    if not (inputs.peers / script).is_file():
        return f"no {script} in {inputs.peers}"
    tried = subprocess.run([str(inputs.python), "-c", f"import {imports}"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else tried.stderr.strip().splitlines()[-1]
