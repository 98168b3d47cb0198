"""Where training and evaluation windows come from: motion capture and published data sets."""
