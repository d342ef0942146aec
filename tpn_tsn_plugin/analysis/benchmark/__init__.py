"""What models cost: parameters, FLOPs, time, memory, and the loading of their data."""
