"""What is measured: experiments, benchmarks, saved predictions, visual tempo."""
