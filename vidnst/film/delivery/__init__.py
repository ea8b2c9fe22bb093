"""What goes with the finished film: comparisons, contact sheets, proxies."""
