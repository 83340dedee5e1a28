"""The same content is never loaded twice, whatever the file is called."""

from dataclasses import dataclass, field

from etl_agent.run.ledger import ActiveFile
from etl_agent.run.selection import select_files


@dataclass
class File:
    """A file of which the content is its own digest."""

    name: str
    content: str
    size: int | None = 1
    digests: list[str] = field(default_factory=list)

    def digest(self) -> str:
        self.digests.append(self.content)
        return self.content


def active(*contents: str, plan: str = "p", size: int = 1) -> list[ActiveFile]:
    return [ActiveFile(c, f"{c}.csv", size, 100 + n, plan, n) for n, c in enumerate(contents)]


def chosen(files, known, snapshot=False, reload=False):
    return select_files(files, known, snapshot=snapshot, plan_digest="p", reload=reload)


def test_known_content_under_another_name_is_left_out():
    """A renamed file loads nothing and names the run that loaded it."""
    selection = chosen([File("renamed.csv", "a"), File("new.csv", "b")], active("a"))
    assert selection.chosen == (1,)
    assert (selection.left_out[0].status, selection.left_out[0].run_id) == ("already loaded", 100)


def test_a_changed_plan_is_said_in_one_line_with_the_flag_to_use():
    """Known content under another plan loads nothing and names --reload."""
    selection = chosen([File("a.csv", "a")], active("a", plan="older"))
    assert selection.chosen == ()
    assert selection.message.endswith("under another plan; load again with --reload")


def test_reload_takes_known_content_again():
    """With reload the file is chosen though its content is in the table."""
    assert chosen([File("a.csv", "a")], active("a"), reload=True).chosen == (0,)


def test_the_same_content_twice_in_one_dataset_is_taken_once():
    """A copy of a file in the same folder does not double its rows."""
    selection = chosen([File("a.csv", "a"), File("copy.csv.gz", "a", size=None)], [])
    assert selection.chosen == (0,)
    assert selection.left_out[0].status == "same content as another file"


def test_no_digest_is_taken_where_the_sizes_already_differ():
    """New files cost no extra pass."""
    files = [File("a.csv", "a", size=1), File("b.csv", "b", size=2)]
    assert chosen(files, active("c", size=3)).chosen == (0, 1)
    assert [file.digests for file in files] == [[], []]


def test_a_snapshot_has_nothing_to_do_only_for_exactly_these_files_in_this_order():
    """Another order, another set or another plan loads everything again."""
    a, b = File("a.csv", "a"), File("b.csv", "b")
    assert chosen([a, b], active("a", "b"), snapshot=True).chosen == ()
    assert chosen([b, a], active("a", "b"), snapshot=True).chosen == (0, 1)
    assert chosen([a], active("a", "b"), snapshot=True).chosen == (0,)
    assert chosen([a, b], active("a", "b", plan="older"), snapshot=True).chosen == (0, 1)
