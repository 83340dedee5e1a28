"""How rows meet a table: what fits is found by name, and every misfit is told at once."""

import pytest

from etl_agent.errors import CannotCreate, CheckFailed, ConfigurationError, Drifted, EtlAgentError, PermissionRefused
from etl_agent.load.facts import TableFacts, TargetColumn
from etl_agent.load.fit import fit
from etl_agent.load.identifiers import check_name, check_names
from etl_agent.load.target import open_target
from etl_agent.load.url import parse_url, shown
from etl_agent.shape import ColumnType, Shape
from tests.load.targets import RUN, batch, load_rows, query, shape, spec

PAIR = shape(k="text", v="text")
TEXT = ColumnType("text")


def column(name, sql_type="text", **more):
    """Make a column of a table."""
    return TargetColumn(name, sql_type, {"text": TEXT, "bigint": ColumnType("integer")}.get(sql_type), **more)


def table(*columns, **more):
    """Make a table."""
    return TableFacts("t", "public", columns, **more)


def fitted(facts, of=PAIR, *, dialect="postgres", evolve=False, **options):
    """Judge columns against a table that takes text as text and numbers as bigint."""
    return fit(
        facts,
        load=spec("sqlite:///x.db", **options),
        shape=of,
        dialect=dialect,
        accepts=lambda written, wanted: (written == "bigint") == (wanted.type.kind == "integer"),
        evolve=evolve,
    )


def test_a_table_that_is_not_there_takes_the_rows_as_they_are():
    """It is made with their columns, its key unique but for a history of versions."""
    made = fitted(None, primary_key=["v"], write_disposition="merge", lineage="run_id")
    assert (made.exists, made.targets, made.types, made.keys) == (False, ("k", "v"), (None, None), (1,))
    assert (made.added, made.lineage, made.unique, made.emptied, made.held) == ((), True, True, (), ())
    versions = fitted(None, primary_key=["v"], write_disposition="merge", strategy="scd2", lineage="none")
    assert (versions.unique, versions.lineage) == (False, False)
    assert not fitted(None).unique


def test_columns_of_a_table_are_found_by_name():
    """In whatever order, under the table's own spelling, with the table's own types."""
    facts = table(
        column("V"), column("_etl_run_id", "bigint"), column("k"), primary_key=("k",), unique=(frozenset({"k"}),)
    )
    found = fitted(facts, dialect="sqlite", primary_key=["K"], write_disposition="merge")
    assert (found.exists, found.targets, found.types, found.keys) == (True, ("k", "V"), ("text", "text"), (0,))
    assert (found.lineage, found.unique, found.added, found.emptied) == (True, True, (), ())
    assert [held.name for held in found.held] == ["V", "_etl_run_id", "k"]
    with pytest.raises(Drifted, match="column 'v' is not in the table"):
        fitted(facts)


def test_columns_that_rows_do_not_have_are_emptied_by_a_replace_alone():
    """Those that the database fills itself are left to it."""
    facts = table(
        column("k"), column("v"), column("old"), column("at", has_default=True), column("sum", generated=True)
    )
    assert fitted(facts, write_disposition="replace").emptied == ("old",)
    assert fitted(facts).emptied == ()
    assert [held.name for held in fitted(facts).held] == ["k", "v", "old", "at"]


def test_a_new_column_is_added_only_by_the_users_word():
    """Otherwise it is a misfit like others."""
    facts = table(column("k"))
    assert [added.name for added in fitted(facts, evolve=True).added] == ["v"]
    assert fitted(facts, evolve=True).types == ("text", None)
    with pytest.raises(Drifted) as refused:
        fitted(facts)
    assert str(refused.value) == "table t: the data does not fit the table: column 'v' is not in the table"
    assert [(unfit.column, unfit.what, unfit.of) for unfit in refused.value.unfit] == [("v", "missing", "table")]


def test_every_misfit_is_told():
    """In one error, each with its column, what is wrong with it, and the type that would fit where there is one."""
    facts = table(
        column("k", "bigint"),
        column("v", "uuid[]"),
        column("w", ""),
        column("g", generated=True),
        column("must", nullable=False),
        column("may", nullable=False, has_default=True),
    )
    of = shape(k="text", v="integer", w="integer", g="text", n="text")
    with pytest.raises(Drifted) as refused:
        fitted(facts, of)
    assert refused.value.what == (
        "the data does not fit the table: column 'k' is bigint in the table and text in the data; "
        "column 'v' is uuid[] in the table and integer in the data; "
        "column 'w' is untyped in the table and integer in the data; "
        "column 'g' is computed by the database; "
        "column 'must' of the table may not be null, and the data does not have it; "
        "column 'n' is not in the table"
    )
    assert [(unfit.column, unfit.what, unfit.of, unfit.type) for unfit in refused.value.unfit] == [
        ("k", "type", "table", "integer"),
        ("v", "type", "table", None),
        ("w", "type", "table", None),
        ("g", "extra", "table", None),
        ("must", "missing", "files", None),
        ("n", "missing", "table", None),
    ]


def test_versions_need_their_two_columns():
    """Each one that the table lacks is told."""
    options = {"primary_key": ["k"], "write_disposition": "merge", "strategy": "scd2"}
    with pytest.raises(Drifted) as refused:
        fitted(table(column("k"), column("v")), **options)
    told = refused.value.what
    assert told.count("which scd2 needs") == 2
    names = [unfit.column for unfit in refused.value.unfit]
    facts = table(column("k"), column("v"), *(column(name, nullable=False) for name in names))
    assert fitted(facts, **options).exists
    with pytest.raises(ConfigurationError, match=f"the column name '{names[0]}' is kept for the load itself"):
        fitted(None, Shape((*PAIR.columns, *shape(**{names[0]: "text"}).columns)), **options)


@pytest.mark.parametrize(
    ("of", "options", "dialect", "said"),
    [
        (Shape(()), {}, "postgres", "table t: there is no column to load"),
        (
            shape(**{f"c{n}": "text" for n in range(1_600)}),
            {},
            "postgres",
            "1600 columns are too many for a table; postgres takes ",
        ),
        (
            shape(_etl_run_id="text"),
            {},
            "postgres",
            "the column name '_etl_run_id' is kept for the load itself; rename the column",
        ),
        (PAIR, {"table": "_etl_x"}, "postgres", "the table name '_etl_x' is kept for the record of runs"),
        (PAIR, {"table": "_ETL_x"}, "sqlite", "the table name '_ETL_x' is kept for the record of runs"),
        (PAIR, {"schema": "s" * 64}, "postgres", f"the schema name {'s' * 64!r} is 64 bytes long"),
        (PAIR, {"indexes": [["vv"]]}, "postgres", "the load names the column 'vv', which the rows do not have"),
        (
            PAIR,
            {"primary_key": ["K"], "write_disposition": "merge"},
            "postgres",
            "the load names the column 'K', which the rows do not have",
        ),
    ],
)
def test_names_that_cannot_be_used_are_refused_first(of, options, dialect, said):
    """Before anything is looked at, in the words of who wrote them."""
    with pytest.raises(ConfigurationError) as refused:
        fitted(None, of, dialect=dialect, **options)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "dialect", "what", "said"),
    [
        ("", "sqlite", "table", "a table has an empty name"),
        ("a\0b", "sqlite", "column", "the column name 'a\\x00b' holds a NUL character, which no database can store"),
        (
            "ä" * 32,
            "postgres",
            "column",
            f"the column name {'ä' * 32!r} is 64 bytes long; Postgres keeps 63 and cuts off the rest",
        ),
        (
            "ctid",
            "postgres",
            "column",
            "the column name 'ctid' is one that Postgres keeps for itself; rename the column",
        ),
        (
            "SQLite_x",
            "sqlite",
            "table",
            "the table name 'SQLite_x' begins with sqlite_, which SQLite keeps for itself",
        ),
    ],
)
def test_a_name_that_a_database_does_not_keep_is_told(name, dialect, what, said):
    """What it names, the name, and what would become of it."""
    with pytest.raises(ConfigurationError) as refused:
        check_name(name, dialect=dialect, what=what)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("name", "dialect", "what"),
    [
        ("ä" * 31 + "a", "postgres", "column"),
        ("ä" * 99, "sqlite", "column"),
        ("ctid", "postgres", "table"),
        ("ctid", "sqlite", "column"),
        ("sqlite_x", "sqlite", "column"),
        ("sqlite_x", "postgres", "table"),
        ('a "b" c', "sqlite", "table"),
    ],
)
def test_a_name_that_a_database_keeps_passes(name, dialect, what):
    """Nothing is refused that would be kept exactly."""
    check_name(name, dialect=dialect, what=what)


def test_names_that_a_database_takes_for_one_are_both_told():
    """SQLite knows no case of ASCII letters, Postgres does; no two letters beyond ASCII are the same."""
    with pytest.raises(ConfigurationError) as refused:
        check_names(["b", "Ab", "aB"], dialect="sqlite")
    assert str(refused.value) == "the columns 'Ab' and 'aB' are the same name to the database; rename one of them"
    check_names(["b", "Ab", "aB"], dialect="postgres")
    check_names(["ä", "Ä"], dialect="sqlite")
    with pytest.raises(ConfigurationError):
        check_names(["a", "a"], dialect="postgres")


def test_what_a_database_keeps_unique_is_known_by_names():
    """Any part of a key that is unique already makes it unique; a part of what is unique together does not."""
    facts = table(column("a"), column("b"), column("c"), unique=(frozenset({"a", "b"}), frozenset({"c"})))
    assert facts.keeps_unique(("b", "a"), dialect="postgres")
    assert facts.keeps_unique(("c",), dialect="postgres")
    assert not facts.keeps_unique(("a",), dialect="postgres")
    assert not facts.keeps_unique(("A", "B"), dialect="postgres")
    assert facts.keeps_unique(("A", "B"), dialect="sqlite")
    assert facts.column("A", dialect="postgres") is None
    assert facts.column("A", dialect="sqlite") == column("a")


def test_what_sqlite_says_of_a_table_is_known(sqlite_url):
    """Types as declared, defaults, computed columns, the key in its order, and what is unique over all rows."""
    query(
        sqlite_url,
        "CREATE TABLE T (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b NUMERIC DEFAULT 1, c AS (a) STORED, d)",
    )
    query(sqlite_url, "CREATE UNIQUE INDEX some ON T (d) WHERE d > 1")
    query(sqlite_url, "CREATE UNIQUE INDEX lowered ON T (lower(a))")
    query(sqlite_url, "CREATE UNIQUE INDEX pair ON T (b, d)")
    query(sqlite_url, "CREATE TABLE u (x TEXT, y INT, PRIMARY KEY (y, x))")
    query(sqlite_url, "CREATE VIEW w AS SELECT 1")
    query(sqlite_url, "INSERT INTO T (a) VALUES ('x'), ('y')")
    with open_target(sqlite_url) as target:
        facts = target.table_facts("t", count=True)
        assert facts is not None
        assert (facts.name, facts.schema, facts.primary_key, facts.rows) == ("T", None, ("id",), 2)
        assert [
            (one.name, one.sql_type, one.nullable, one.has_default, one.generated, one.numbered)
            for one in facts.columns
        ] == [
            ("id", "INTEGER", True, True, False, False),
            ("a", "TEXT", False, False, False, False),
            ("b", "NUMERIC", True, True, False, False),
            ("c", "", True, True, True, False),
            ("d", "", True, False, False, False),
        ]
        assert set(facts.unique) == {frozenset({"id"}), frozenset({"a"}), frozenset({"b", "d"})}
        other = target.table_facts("u")
        assert other is not None
        assert (other.primary_key, other.rows) == (("y", "x"), None)
        assert not any(one.has_default for one in other.columns)
        assert target.table_facts("none") is None
        with pytest.raises(ConfigurationError) as refused:
            target.table_facts("w")
        assert str(refused.value) == "table w: w is a view; rows are loaded into tables only"


def test_a_target_that_is_only_read_is_never_written(sqlite_url):
    """Neither a load, nor a record, nor a lock begins, and no file is made."""
    with open_target(sqlite_url, read_only=True) as target:
        for begin in (
            lambda: target.begin(spec(sqlite_url), shape=PAIR, run_id=RUN),
            lambda: target.record(),
            lambda: target.lock("t").__enter__(),
        ):
            with pytest.raises(PermissionRefused, match="the target was opened to read only") as refused:
                begin()
            assert refused.value.where == str(target) == shown(sqlite_url)
        with target.reading() as connection:
            assert connection is None
        assert target.table_facts("t") is None
    assert not parse_url(sqlite_url).path.exists()


def test_a_folder_that_is_not_there_is_told_with_how_to_make_it(tmp_path):
    """No folder is made by a load."""
    url = f"sqlite:///{tmp_path / 'none' / 'x.db'}"
    with open_target(url) as target:
        for begin in (
            lambda: target.begin(spec(url), shape=PAIR, run_id=RUN),
            lambda: target.record(),
            lambda: target.lock("t").__enter__(),
        ):
            with pytest.raises(CannotCreate) as refused:
                begin()
            assert refused.value.what == f"the folder {tmp_path / 'none'} does not exist"
            assert refused.value.next_command == f"mkdir -p {tmp_path / 'none'}"


def test_a_load_reads_through_its_own_connection(sqlite_url):
    """Reading beside it would end it."""
    with open_target(sqlite_url) as target, target.begin(spec(sqlite_url), shape=PAIR, run_id=RUN) as tx:
        tx.stage(batch(PAIR, [("a", "1")]))
        assert tx.connection.exec_driver_sql("SELECT 1").scalar() == 1
        with (
            pytest.raises(EtlAgentError, match="a load is open: read through its own connection"),
            target.reading(),
        ):
            pass
        tx.apply()
        tx.commit()
    assert query(sqlite_url, "SELECT * FROM t") == [("a", "1")]


@pytest.mark.parametrize(
    ("rows", "said"),
    [(1, "1 row"), (2, "2 rows"), (999, "999 rows"), (1_000, "1,000 rows or more"), (2_000, "1,000 rows or more")],
)
def test_a_check_says_how_many_rows_it_found(sqlite_url, tmp_path, rows, said):
    """It counts up to a bound, and keeps nothing of what it found."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n"
    (tmp_path / "check.sql").write_text(numbers)
    options = {"check_sql": ["check.sql"]}
    with open_target(sqlite_url, folder=tmp_path) as target, pytest.raises(CheckFailed) as refused:
        load_rows(target, spec(sqlite_url, **options), PAIR, [("a", "1")])
    assert refused.value.what == f"the check found {said}, and nothing was loaded"
    assert refused.value.where == str(tmp_path / "check.sql")
    assert query(sqlite_url, "SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_checks_of_several_files_are_all_asked(sqlite_url, tmp_path):
    """A check that finds nothing lets the next one be asked."""
    (tmp_path / "a.sql").write_text("SELECT 1 WHERE 0; SELECT 2 WHERE 0")
    (tmp_path / "b.sql").write_text("SELECT 1 WHERE 0; SELECT 2; SELECT 3")
    with open_target(sqlite_url, folder=tmp_path) as target:
        load_rows(target, spec(sqlite_url, check_sql=["a.sql"]), PAIR, [("a", "1")])
        with pytest.raises(CheckFailed, match="the check found 2 rows"):
            load_rows(target, spec(sqlite_url, check_sql=["a.sql", "b.sql"]), PAIR, [("b", "1")])
    assert query(sqlite_url, "SELECT * FROM t") == [("a", "1")]
