"""Visual tempo: measured, compared with the gain of a model, and changed (TPN, 4.3)."""
