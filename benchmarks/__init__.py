"""How fast it is, beside others. No tests: `python -m benchmarks` prints ratios, measured side by side in one run."""
