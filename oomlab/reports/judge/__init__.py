"""Report to judgement: the choice recomputed, the memory accounted, the cause, what now."""
