"""Load: typed rows come into a table of SQLite or Postgres, in one transaction."""

from etl_agent.load.facts import TableFacts, TargetColumn
from etl_agent.load.modes import Counts
from etl_agent.load.record import Record
from etl_agent.load.spec import Load
from etl_agent.load.target import Target, open_target
from etl_agent.load.tx import Tx
from etl_agent.load.url import expand, masked

__all__ = ["Counts", "Load", "Record", "TableFacts", "Target", "TargetColumn", "Tx", "expand", "masked", "open_target"]
