"""The paper's experiments: which models they need, how those are measured, tables and figures."""
