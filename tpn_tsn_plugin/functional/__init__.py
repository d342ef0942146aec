"""The mathematics, as pure functions on tensors and arrays."""
