"""Prediction of videos: what a trained model says of a file, whatever its length."""
