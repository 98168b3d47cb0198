"""Topic `/diagnostics`: a node's values and thresholds, problems with topics, and the log."""
