"""The two updates of W0, contribution and trust, as others would write them: plain Mesa, AgentPy, NumPy and C."""
