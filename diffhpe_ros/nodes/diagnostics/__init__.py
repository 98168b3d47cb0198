"""Topic `/diagnostics`: a node's values and thresholds, what is wrong with topics, and the log."""
