"""The planner: a goal in words becomes pipelines, and evidence changes those that are not committed yet. No effects."""
