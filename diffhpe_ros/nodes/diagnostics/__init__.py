"""Topic `/diagnostics`: what a node measures of itself, thresholds, and the publisher."""
